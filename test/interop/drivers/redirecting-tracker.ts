// Runs in a network namespace of its own, whose loopback also has a public address: a tracker there redirects to wherever it is told, and what
// stands inside says who asked. Prints one JSON line: for each target what came of it and what the inside heard.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpGet } from '../../../client/trackers/http-get.ts';

const [publicAddress = '', ...targets] = process.argv.slice(2);

async function serve(host: string, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, host).unref();
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

let heard: string[] = [];
let location = '';
const inside = await serve('::', (request, response) => {
  heard.push(`${request.headers.host}${request.url}`);
  response.end('inside');
});
const outside = await serve(publicAddress, (_request, response) => response.writeHead(302, { location }).end());

const results: object[] = [];
for (const target of targets) {
  heard = [];
  location = target.replace('PORT', String(inside));
  const url = new URL(`http://${publicAddress}:${outside}/announce`);
  const said = await httpGet(url, { bind: null, timeoutMs: 10_000 }).then(
    ({ status }) => `status ${status}`,
    (error: Error) => error.message,
  );
  results.push({ target, said, heard: heard.length });
}
process.stdout.write(`${JSON.stringify(results)}\n`);
