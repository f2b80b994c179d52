// An https tracker is believed only with a certificate that a known authority signed, for its name, and that has not run out: the real program
// against a server with each of the wrong ones.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { makeShare, transferArguments } from './share.ts';
import { start } from './support.ts';

const FOLDER = new URL('tls/', import.meta.url);

/** A tracker behind the certificate, what it was asked, and the first connection's end. */
async function startTracker(certificate: string) {
  const asked: string[] = [];
  const options = {
    cert: readFileSync(new URL(certificate, FOLDER)),
    key: readFileSync(new URL('server.key', FOLDER)),
  };
  const server = createServer(options, (request, response) => {
    asked.push(request.url as string);
    response.end('d8:intervali1800e5:peers0:e');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const closed = new Promise<void>((resolve) =>
    server.on('connection', (socket) => socket.on('close', () => resolve())),
  );
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/announce`, asked, closed };
}

/** What the tracker was asked, and what the log said, when a seed that trusts the test authority announced itself. `until`: what it logs before
 *  it is ended. */
async function announceTo(certificate: string, until: RegExp = /(?:)/) {
  const { url, asked, closed } = await startTracker(certificate);
  const authority = { NODE_EXTRA_CA_CERTS: fileURLToPath(new URL('authority.pem', FOLDER)) };
  const seed = start(transferArguments('seed', makeShare(100_000, [url])), authority);
  let logged = '';
  const says = new Promise<void>((resolve) => {
    seed.child.stderr.on('data', (text: string) => {
      logged += text;
      if (until.test(logged)) resolve();
    });
    if (until.test(logged)) resolve();
    void seed.ended.then(() => resolve());
  });
  await Promise.all([closed, says]);
  seed.child.kill('SIGTERM');
  const { code, stderr } = await seed.ended;
  expect(code, stderr).toBe(0);
  return { asked, stderr };
}

test('tls: a tracker whose certificate a known authority signed for its name is asked', async () => {
  const { asked, stderr } = await announceTo('good.pem');
  expect(asked[0]).toContain('event=started');
  expect(stderr).toBe('');
});

test.each([
  ['self-signed.pem', /self-signed certificate/],
  ['expired.pem', /certificate has expired/],
  ['other-host.pem', /does not match certificate/],
])('tls: a tracker with a wrong certificate hears nothing, and the log says why (%s)', async (certificate, reason) => {
  const { asked, stderr } = await announceTo(certificate, reason);
  expect(asked).toEqual([]);
  expect(stderr).toMatch(reason);
});
