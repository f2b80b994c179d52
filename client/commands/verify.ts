// `starling verify`: hashes what is on the disk and names every piece and file that is not as the torrent says.

import { SHA1_LENGTH_BYTES, type Metainfo } from '#engine';
import { Checker } from '../disk/checker.ts';
import { OpenFiles } from '../disk/open-files.ts';
import { Storage } from '../disk/storage.ts';
import { Failure, reasonOf } from '../failure.ts';
import { readTorrent } from '../read-torrent.ts';
import { formatPercent, hex } from '../units.ts';
import { jsonLine, printable } from '#harness/untrusted-text';

/** Bytes asked of the checker at once: progress is shown between. */
const BATCH_BYTES = 64 * 1024 * 1024;

export async function verify(path: string, options: { readonly dir: string; readonly json?: true }): Promise<void> {
  const metainfo = await readTorrent(path);
  const storage = await Storage.open(options.dir, metainfo, new OpenFiles()).catch((error: unknown) => {
    throw new Failure(`${options.dir}: ${reasonOf(error)}`);
  });
  const show = options.json === true || !process.stderr.isTTY ? () => undefined : showProgress;
  const badPieces = await findBadPieces(metainfo, storage, show);
  const files = await fileStates(metainfo, storage, badPieces);
  const damaged = files.filter((file) => file.state !== 'good');
  const { pieceCount } = metainfo.geometry;
  if (options.json === true) {
    const ok = badPieces.length === 0 && damaged.length === 0;
    const result = { name: metainfo.name, infoHash: hex(metainfo.infoHash), ok, pieceCount, badPieces, files };
    process.stdout.write(jsonLine(result));
  } else {
    for (const file of damaged) process.stdout.write(`${file.state}: ${printable(file.path)}\n`);
    for (const file of files) if (file.tooLong) process.stdout.write(`longer than expected: ${printable(file.path)}\n`);
  }
  if (badPieces.length > 0 || damaged.length > 0) {
    const pieces = `${badPieces.length} of ${pieceCount} pieces are missing or damaged`;
    throw new Failure(`${options.dir}: ${pieces}, in ${damaged.length} of ${files.length} files`);
  }
  if (options.json !== true) process.stdout.write(`${pieceCount} of ${pieceCount} pieces are good\n`);
}

async function findBadPieces(
  metainfo: Metainfo,
  storage: Storage,
  show: (done: number, total: number) => void,
): Promise<number[]> {
  const { geometry, pieceHashes } = metainfo;
  const bad: number[] = [];
  const checker = new Checker();
  checker.open(0, storage);
  const batch = Math.max(2, Math.floor(BATCH_BYTES / geometry.pieceLengthBytes));
  const ask = (first: number) => {
    const count = Math.min(batch, geometry.pieceCount - first);
    return new Promise<readonly (Uint8Array | null)[]>((resolve) => {
      checker.check(0, first, count, resolve);
    });
  };
  // One batch is always asked ahead, so that the threads never wait for this one.
  let next = geometry.pieceCount > 0 ? ask(0) : null;
  for (let first = 0; next !== null; first += batch) {
    const current: Promise<readonly (Uint8Array | null)[]> = next;
    next = first + batch < geometry.pieceCount ? ask(first + batch) : null;
    const digests = await current;
    digests.forEach((digest, at) => {
      const from = (first + at) * SHA1_LENGTH_BYTES;
      const wanted = pieceHashes.subarray(from, from + SHA1_LENGTH_BYTES);
      if (digest === null || Buffer.compare(digest, wanted) !== 0) bad.push(first + at);
    });
    show(Math.min(first + batch, geometry.pieceCount), geometry.pieceCount);
  }
  await checker.close();
  return bad;
}

async function fileStates(metainfo: Metainfo, storage: Storage, badPieces: readonly number[]) {
  const { geometry, files } = metainfo;
  const lengths = await storage.fileLengths();
  const bad = new Set(badPieces);
  return files.flatMap((file, index) => {
    if (file.pad) return [];
    const found = lengths[index] as number;
    const { first, count } = geometry.piecesOfFile(index);
    let good = found >= file.lengthBytes;
    for (let piece = first; good && piece < first + count; piece += 1) good = !bad.has(piece);
    const state = found < 0 ? 'missing' : good ? 'good' : 'damaged';
    return [{ path: file.path.join('/'), lengthBytes: file.lengthBytes, state, tooLong: found > file.lengthBytes }];
  });
}

function showProgress(done: number, total: number): void {
  process.stderr.write(done === total ? '\r\x1b[K' : `\r\x1b[Kchecking ${formatPercent(done, total)} %`);
}
