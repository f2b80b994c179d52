// The log: each event at the level that the notes give it, untrusted text made safe, and JSON lines in the file.

import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { EVENTS, type EventName } from '#engine';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { EventLog } from '../../client/event-log.ts';
import { makeShare, startSeed, transferArguments } from './share.ts';
import { mountTmpfs, start, temporaryFolder } from './support.ts';

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const HOSTILE = 'evil\u001b[31m\u009b1m\u202e\u2028text';

interface LogLine {
  readonly level: string;
  readonly event?: EventName;
  readonly msg: string;
  readonly time: number;
}

/** Every line of the file, each of which must be one JSON object. */
function readLog(path: string): LogLine[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const { level, ...rest } = JSON.parse(line);
    return { ...rest, level: LEVELS[level] as string };
  });
}

function levelOf(log: readonly LogLine[], event: EventName): string | undefined {
  return log.find((line) => line.event === event)?.level;
}

describe('event log', () => {
  test('event log: a failed task is an error, what was recovered from a warning, a change of status info (all events)', () => {
    const file = join(temporaryFolder(), 'log');
    const eventLog = new EventLog({ level: 'fatal', file, clearLine: () => undefined });
    for (const name of Object.keys(EVENTS) as EventName[]) eventLog.event(name, 3, 1, 2);
    const log = readLog(file);
    const named = (level: string) => new Set(log.filter((line) => line.level === level).map((line) => line.event));
    expect(named('error')).toEqual(new Set(['diskFailed', 'diskFull', 'torrentFailed']));
    expect(named('warn')).toEqual(
      new Set(['diskRecovered', 'metadataFailed', 'peerBanned', 'pieceFailed', 'torrentRecovered']),
    );
    const status = ['checkFinished', 'checkStarted', 'downloadCompleted', 'paused', 'resumed', 'stopped'];
    expect(named('info')).toEqual(
      new Set([...status, 'metadataVerified', 'networkChanged', 'torrentAdded', 'torrentRemoved']),
    );
    expect(log).toHaveLength(18);
    expect(log.find((line) => line.event === 'checkFinished')).toMatchObject({
      torrent: 3,
      a: 1,
      b: 2,
      msg: 'checked: 1 of 2 pieces are good',
    });
  });

  test('event log: a file that cannot be written ends nothing, and what is written later is whole', () => {
    const folder = temporaryFolder();
    mountTmpfs(folder, 1);
    const file = join(folder, 'log');
    const eventLog = new EventLog({ level: null, file, clearLine: () => undefined });
    eventLog.log.info('first');
    writeFileSync(join(folder, 'ballast'), new Uint8Array(1024 * 1024 - 8192));
    for (let line = 0; line < 400; line += 1) eventLog.log.info('x'.repeat(100));
    rmSync(join(folder, 'ballast'));
    eventLog.log.info('last');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(JSON.parse(lines[0] as string)).toMatchObject({ msg: 'first' });
    expect(lines.length).toBeLessThan(400);
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ msg: 'last' });
  });

  test('event log: decisions are debug and each block is trace; the file holds one JSON object a line', async () => {
    const share = makeShare(500_000);
    const { peer } = await startSeed(share);
    const file = join(share.folder, 'log');
    const more = ['--peer', peer, '--exit', '--log-level', 'trace', '--log-file', file];
    const { code, stderr } = await start([...transferArguments('get', share), ...more]).ended;
    expect(code, stderr).toBe(0);
    const log = readLog(file);
    for (const line of log) expect(line).toMatchObject({ time: expect.any(Number), msg: expect.any(String) });
    for (const event of ['stateChanged', 'peerConnected', 'resumeDataSaved', 'peerIsSeed'] as const) {
      expect([event, levelOf(log, event)]).toEqual([event, 'debug']);
    }
    for (const event of ['requestsSent', 'blockReceived', 'pieceVerified', 'pieceFlushed'] as const) {
      expect([event, levelOf(log, event)]).toEqual([event, 'trace']);
    }
    expect(levelOf(log, 'downloadCompleted')).toBe('info');
    expect(log.some((line) => line.level === 'info' && /^listening on port \d+$/.test(line.msg))).toBe(true);
    expect(stderr).toContain('TRACE: blockReceived');
  });

  test.each([
    ['fatal', 0],
    ['error', 0],
    ['warn', 1],
    ['info', 1],
  ])('event log: stderr holds the wanted level and above, the file info at least (%s)', async (level, warnings) => {
    const share = makeShare(100_000, ['http://127.0.0.1:1/announce']);
    const file = join(share.folder, 'log');
    const args = [...transferArguments('seed', share), '--json', '--log-level', level, '--log-file', file];
    const seed = start(args);
    await seed.prints(/"event":"completed"/);
    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain('connection refused'), 20_000);
    seed.child.kill('SIGINT');
    const { code, stderr } = await seed.ended;
    expect(code, stderr).toBe(0);
    expect(/WARN: tracker http:\/\/127\.0\.0\.1:1: connection refused/.test(stderr)).toBe(warnings === 1);
    expect(/INFO/.test(stderr)).toBe(level === 'info');
    const log = readLog(file);
    expect(log.map((line) => line.level)).toContain('info');
    expect(log.map((line) => line.level)).not.toContain('debug');
  });

  test('event log: a crash is fatal, and ends with 1, the cause and where the journal is', async () => {
    const share = makeShare(100_000);
    const file = join(share.folder, 'log');
    const planted = `process.on('SIGUSR2',()=>{throw new Error('planted')})`;
    const args = [...transferArguments('seed', share), '--json', '--log-file', file];
    const seed = start(args, { NODE_OPTIONS: `--import="data:text/javascript,${encodeURIComponent(planted)}"` });
    await seed.prints(/"event":"completed"/);
    seed.child.kill('SIGUSR2');
    const { code, stderr } = await seed.ended;
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('FATAL: planted');
    const [cause, kept] = readLog(file).slice(-2);
    expect(cause).toMatchObject({ level: 'fatal', msg: 'planted' });
    expect(kept).toMatchObject({
      level: 'fatal',
      msg: expect.stringMatching(/^the journal of this run is .*\.journal: /),
    });
  });

  test('event log: what a tracker, a torrent and a peer wrote gives no orders to a terminal', async () => {
    const tracker = createServer((_request, response) => {
      const reason = `${HOSTILE} unknown passkey-0123, 9876543210abcdef`;
      response.end(`d14:failure reason${Buffer.byteLength(reason)}:${reason}e`);
    });
    tracker.listen(0, '127.0.0.1');
    await once(tracker, 'listening');
    onTestFinished(() => {
      tracker.close();
    });
    const { port } = tracker.address() as AddressInfo;
    const share = makeShare(
      100_000,
      [`http://user:word@127.0.0.1:${port}/passkey-0123/announce?pid=9876543210abcdef`],
      HOSTILE,
    );
    const file = join(share.folder, 'log');
    const seed = await startSeed(share, '--log-level', 'trace', '--log-file', file);
    const peer = connect(seed.port, '127.0.0.1');
    const closed = once(peer, 'close');
    peer.on('error', () => undefined).resume();
    const name = `d1:v${Buffer.byteLength(HOSTILE)}:${HOSTILE}e`;
    const extended = Buffer.concat([Buffer.from([0, 0, 0, 2 + Buffer.byteLength(name), 20, 0]), Buffer.from(name)]);
    const handshake = [Buffer.from('\u0013BitTorrent protocol'), Buffer.from([0, 0, 0, 0, 0, 0x10, 0, 4])];
    const peerId = Buffer.from('\u001b[31m\u0007\u001b]0;owned\u0007xxxxxxxx').subarray(0, 20);
    // A bitfield of the wrong length ends the connection by the peer's fault.
    const fault = Buffer.from([0, 0, 0, 9, 5, 255, 255, 255, 255, 255, 255, 255, 255]);
    peer.write(Buffer.concat([...handshake, share.infoHash, peerId, extended, fault]));
    await closed;
    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain('tracker http'), 20_000);
    seed.child.kill('SIGINT');
    const { stderr } = await seed.ended;
    const logged = readFileSync(file, 'utf8');
    expect(levelOf(readLog(file), 'peerFault')).toBe('debug');
    expect(stderr).toMatch(/WARN: tracker http:\/\/127\.0\.0\.1:\d+: evil/);
    for (const text of [stderr, logged]) {
      expect(text).not.toMatch(UNSAFE);
      // Neither the password nor the passkeys of the announce URL, not even where the tracker repeats them.
      expect(text).not.toMatch(/word|passkey|9876543210/);
      expect(text).toContain('unknown …, …');
    }
  });

  test.each(['get', 'seed'] as const)(
    'event log: a busy port is named, with the reason and the other port (%s)',
    async (command) => {
      const busy = createTcpServer();
      busy.listen(0, '127.0.0.1');
      await once(busy, 'listening');
      onTestFinished(() => {
        busy.close();
      });
      const { port } = busy.address() as AddressInfo;
      const share = makeShare(100_000);
      const { peer } = await startSeed(share);
      const run = start([...transferArguments(command, share), '--port', String(port), '--peer', peer, '--json']);
      const [, other] = await run.prints(/"event":"started".*"port":(\d+)/);
      run.child.kill('SIGINT');
      const { code, stderr } = await run.ended;
      expect(code, stderr).toBe(0);
      expect(other).not.toBe(String(port));
      const warning = `WARN: port ${port} cannot be bound (address already in use): listening on port ${other}`;
      expect(stderr).toContain(warning);
    },
  );
});
