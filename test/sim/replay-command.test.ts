// `starling sim replay` as a user sees it.

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JournalWriter } from '#harness/journal';
import { runSim } from '../../sim/command/index.ts';
import { inspectionLines } from '../../sim/command/inspection-text.ts';
import { BLOCK, Lab, makeTorrent, message } from '../engine/lab.ts';

let folder: string;
let path: string;

async function sim(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runSim(argv, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out, err };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'starling-replay-'));
  path = join(folder, 'node.journal');
  const { code } = await sim('scenario', 'parole', '--record', '4', path);
  expect(code).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('replay: says what was recorded, how much, and that every output is as it was', async () => {
  const { code, out } = await sim('replay', path);
  expect(code).toBe(0);
  expect(out[0]).toBe(`journal   ${path}`);
  expect(out[1]).toBe('run       npm run sim scenario parole -- --seed 1');
  expect(out.at(-2)).toMatch(/^replayed {2}\d+ inputs, \d+ outputs, 0\.000 … \d+\.\d{3} s, in \d+\.\d\d s$/);
  expect(out.at(-1)).toBe('verdict   every output is as recorded');
});

test('replay: --at shows pieces, partial pieces, peers with reasons, and trackers', async () => {
  // What stands at one instant is chance; over some of them there is everything that can be shown.
  const texts: string[] = [];
  for (const at of ['3', '6', '9', '12', '15']) {
    const { code, out } = await sim('replay', path, '--at', at);
    expect(code).toBe(0);
    texts.push(out.join('\n'));
  }
  for (const text of texts) {
    expect(text).toMatch(/^torrent 0 contents \([0-9a-f]{40}\)$/m);
    expect(text).toMatch(/^ {2}(downloading|seeding), \d+ of 16 pieces, end-game (off|on)/m);
    expect(text).toMatch(/^ {2}tier 0 http:\/\/tracker\.example\/announce: /m);
  }
  const all = texts.join('\n');
  expect(all).toMatch(/^pieces: · \d+ missing .*; rarest missing: \d+ with \d+ cop/m);
  expect(all).toMatch(/^ {7}\d [█?·]{16} asked of conn \d+ ×\d+/m);
  expect(all).toMatch(/^ {4}picked \d+:\d+(-\d+)? \d+\.\d{3} s ago: rarest piece, \d cop.*that it could give$/m);
  expect(all).toMatch(/^ {4}(un)?choked \d+\.\d{3} s ago: /m);
});

test('replay: --events names what happened, in order, up to the time asked for', async () => {
  const { out } = await sim('replay', path, '--events', '--at', '9');
  const events = out.filter((line) => /^ +\d+\.\d{6} s {2}/.test(line));
  expect(events[0]).toMatch(/^ {6}0\.000000 s {2}torrentAdded {6} torrent 0 {2}a 16: pieces$/);
  expect(events.some((line) => / paroleStarted +torrent 0 {2}a \d+: conn$/.test(line))).toBe(true);
  const times = events.map((line) => Number(line.slice(0, 15)));
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(times.at(-1)).toBeLessThanOrEqual(9);
  const lines = (await sim('replay', path, '--events', '--json')).out.map((line) => JSON.parse(line));
  expect(lines[0]).toEqual({ atS: 0, event: 'torrentAdded', torrent: 0, a: 16, b: 0 });
  expect(lines.at(-1)).toMatchObject({ ok: true, torrents: null });
});

test('replay: --json is one object; before the first entry nothing is here', async () => {
  const { out } = await sim('replay', path, '--at', '9.5', '--json');
  expect(out).toHaveLength(1);
  const verdict = JSON.parse(out[0]!);
  expect(verdict).toMatchObject({ ok: true, engines: 1, divergence: null, broke: null });
  expect(verdict.toS).toBeLessThanOrEqual(9.5);
  expect(verdict.torrents[0].status.have).toMatch(/^[0-9a-f]{4}$/);
  expect(verdict.torrents[0].peers.length).toBeGreaterThan(0);
});

test('replay: a journal that was cut is replayed as far as it goes, one that is damaged fails', async () => {
  const bytes = readFileSync(path);
  const cut = join(folder, 'cut.journal');
  writeFileSync(cut, bytes);
  truncateSync(cut, bytes.length - 3);
  const short = await sim('replay', cut);
  expect(short.code).toBe(0);
  expect(short.out.at(-1)).toMatch(/^note {6}byte \d+: cut short: the last \d+ bytes are no whole frame$/);
  const damaged = join(folder, 'damaged.journal');
  writeFileSync(damaged, bytes.with(bytes.length - 3, bytes.at(-3)! ^ 1));
  const broken = await sim('replay', damaged);
  expect(broken.code).toBe(1);
  expect(broken.out.at(-1)).toMatch(/^damaged {3}byte \d+: .*the checksum of \d+ bytes does not match; what stands/);
});

test.each([
  [['replay'], /missing required argument/],
  [['replay', 'x', '--at', 'noon'], /seconds, such as 12\.5, or "end" are needed/],
  [['scenario', 'parole', '--record', '4'], /--record takes a node and a file/],
  [['scenario', 'all', '--record', '4', 'x'], /--record needs one scenario/],
])('replay: %j is a usage error', async (argv, message) => {
  const { code, err } = await sim(...argv);
  expect(code).toBe(2);
  expect(err.join('\n')).toMatch(message);
});

test('replay: a node that the scenario does not have is named', async () => {
  const { code, err } = await sim('scenario', 'parole', '--record', '99', join(folder, 'none.journal'));
  expect(code).toBe(2);
  expect(err[0]).toMatch(/parole has \d+ nodes, and no 99$/);
});

test('replay: what a journal from a stranger says of itself cannot command the terminal', async () => {
  const hostile = join(folder, 'hostile.journal');
  const parts: Uint8Array[] = [];
  const about = { '\u001b[2J': '\u009b31m' };
  new JournalWriter((bytes) => parts.push(bytes.slice()), { build: '\u001b]0;x\u0007', about });
  writeFileSync(hostile, Buffer.concat(parts));
  for (const more of [[], ['--force'], ['--force', '--json']]) {
    const { out, err } = await sim('replay', hostile, ...more);
    for (const character of ['\u001b', '\u009b', '\u0007']) expect([...out, ...err].join('')).not.toContain(character);
  }
});

test('replay: what strangers wrote cannot command the terminal', () => {
  const { metainfo } = makeTorrent({ totalBytes: 4 * BLOCK, pieceLength: 2 * BLOCK });
  const lab = new Lab({ metainfo, explain: true });
  lab.say(lab.peer({ id: 'first', has: 'all' }), message(1));
  const inside = lab.engine.inspect(lab.torrent)!;
  const hostile = '\u001b[31mred\u202e\n';
  const lines = inspectionLines(
    {
      ...inside,
      status: { ...inside.status, name: hostile, error: hostile },
      peers: inside.peers.map((peer) => ({ ...peer, client: hostile })),
    },
    lab.now,
  );
  expect(lines.join('')).toMatch(/\ufffd\[31mred\ufffd\ufffd/);
  for (const character of ['\u001b', '\u202e', '\n']) expect(lines.join('')).not.toContain(character);
});
