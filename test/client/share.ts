// One shared file, its torrent, and our own seed of it on loopback.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetainfo, parseMetainfo } from '#engine';
import { onTestFinished } from 'vitest';
import { sha1, start, temporaryFolder } from './support.ts';

const PIECE_LENGTH_BYTES = 65_536;

export interface Share {
  readonly folder: string;
  /** The folder that holds the content. */
  readonly source: string;
  readonly torrent: string;
  readonly infoHash: Uint8Array;
  /** Where a download may go. */
  readonly target: string;
}

/** As a metainfo holds them, one after another. */
export function pieceHashesOf(content: Uint8Array, pieceLengthBytes: number): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += pieceLengthBytes)
    hashes.push(sha1(content.subarray(at, at + pieceLengthBytes)));
  return new Uint8Array(Buffer.concat(hashes));
}

/** A torrent of one file of `lengthBytes`, under any name, and with any comment, that a stranger might give it. */
export function makeShare(lengthBytes: number, trackers: readonly string[] = [], name = 'shared.bin'): Share {
  const folder = temporaryFolder();
  const content = new Uint8Array(lengthBytes).map((_byte, at) => (at * 31 + (at >>> 8)) & 0xff);
  const bytes = createMetainfo({
    name,
    files: [{ path: [], lengthBytes }],
    pieceLengthBytes: PIECE_LENGTH_BYTES,
    pieceHashes: pieceHashesOf(content, PIECE_LENGTH_BYTES),
    announceTiers: trackers.map((url) => [url]),
    private: false,
    comment: name,
    createdBy: null,
    creationDate: null,
  });
  const parsed = parseMetainfo(bytes);
  if (!parsed.ok) throw new Error(parsed.detail);
  const source = join(folder, 'source');
  mkdirSync(source);
  writeFileSync(join(source, ...(parsed.value.files[0]?.path ?? [])), content);
  const torrent = join(folder, 'shared.torrent');
  writeFileSync(torrent, bytes);
  return { folder, source, torrent, infoHash: parsed.value.infoHash, target: join(folder, 'target') };
}

/** Whether `folder` holds the whole content. */
export function isSame({ source }: Share, folder: string): boolean {
  return readFileSync(join(folder, 'shared.bin')).equals(readFileSync(join(source, 'shared.bin')));
}

/** The arguments that a `get` or `seed` of the share needs, on loopback and with a state folder of its own. */
export function transferArguments(
  command: 'get' | 'seed',
  { folder, source, torrent, target }: Share,
  bind = '127.0.0.1',
): string[] {
  const dir = command === 'seed' ? source : target;
  const network = ['--bind', bind, '--port', '0'];
  return [command, torrent, '--dir', dir, ...network, '--state', join(folder, `${command}-state`)];
}

/** A running seed, ready for peers at `peer`; killed with the test. */
export async function startSeed(share: Share, ...more: readonly string[]) {
  const seed = start([...transferArguments('seed', share), '--json', ...more]);
  onTestFinished(() => {
    seed.child.kill('SIGKILL');
  });
  const [, port] = await seed.prints(/"event":"started".*"port":(\d+)/);
  await seed.prints(/"event":"completed"/);
  return { ...seed, port: Number(port), peer: `127.0.0.1:${port}` };
}
