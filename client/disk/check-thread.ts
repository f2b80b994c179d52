// A worker thread that reads pieces in large sequential reads and hashes them, one unit at a time.
//
// Always: two buffers, one being read while the other is hashed; a file that is missing, short or unreadable spoils only the pieces
// that it holds bytes of. Units of one message queue are answered in the order asked.

import { hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { Geometry, SHA1_LENGTH_BYTES } from '#engine';
import { OpenFiles } from './open-files.ts';
import { Storage } from './storage.ts';
import type { CheckAnswer, CheckOrder } from './check-plan.ts';

interface Unit {
  readonly torrent: number;
  readonly unit: number;
  readonly first: number;
  readonly count: number;
}

interface ReadUnit extends Unit {
  readonly storage: Storage | null;
  readonly bytes: Uint8Array;
  readonly good: Uint8Array;
}

const openFiles = new OpenFiles(16);
const storages = new Map<number, Promise<Storage | null>>();
const units: Unit[] = [];
const buffers: Uint8Array[] = [];
let reading: Promise<ReadUnit> | null = null;
let running = false;

parentPort?.on('message', (order: CheckOrder) => {
  if (order.kind === 'open') {
    const geometry = new Geometry(
      order.plan.pieceLengthBytes,
      order.plan.files.map((file) => file.lengthBytes),
    );
    const opened = Storage.open(order.plan.root, { files: order.plan.files, geometry }, openFiles);
    storages.set(
      order.torrent,
      opened.catch(() => null),
    );
  } else if (order.kind === 'close') {
    void storages.get(order.torrent)?.then((storage) => storage?.close());
    storages.delete(order.torrent);
  } else {
    units.push(order);
    if (!running) void run();
  }
});

async function run(): Promise<void> {
  running = true;
  reading = readNext();
  while (reading !== null) {
    const done: ReadUnit = await reading;
    reading = readNext();
    answer(done);
  }
  running = false;
}

/** Starts reading the next unit, null when none waits. */
function readNext(): Promise<ReadUnit> | null {
  const unit = units.shift();
  return unit === undefined ? null : readUnit(unit);
}

async function readUnit(unit: Unit): Promise<ReadUnit> {
  const good = new Uint8Array(unit.count);
  const storage = (await storages.get(unit.torrent)) ?? null;
  if (storage === null) return { ...unit, storage, bytes: new Uint8Array(0), good };
  const { geometry } = storage;
  const begin = geometry.pieceOffset(unit.first);
  const last = unit.first + unit.count - 1;
  const lengthBytes = geometry.pieceOffset(last) + geometry.pieceLength(last) - begin;
  const bytes = takeBuffer(lengthBytes);
  const whole = await storage.read(begin, bytes.subarray(0, lengthBytes)).then(
    () => true,
    () => false,
  );
  good.fill(whole ? 1 : 0);
  // Somewhere in the unit bytes are missing: only the pieces that need them are bad.
  for (let at = 0; !whole && at < unit.count; at += 1) {
    const from = at * geometry.pieceLengthBytes;
    const part = bytes.subarray(from, from + geometry.pieceLength(unit.first + at));
    good[at] = await storage.read(begin + from, part).then(
      () => 1,
      () => 0,
    );
  }
  return { ...unit, storage, bytes, good };
}

function answer({ storage, unit, first, count, bytes, good }: ReadUnit): void {
  const digests = new Uint8Array(count * SHA1_LENGTH_BYTES);
  for (let at = 0; storage !== null && at < count; at += 1) {
    if (good[at] === 0) continue;
    const from = at * storage.geometry.pieceLengthBytes;
    const piece = bytes.subarray(from, from + storage.geometry.pieceLength(first + at));
    digests.set(hash('sha1', piece, 'buffer'), at * SHA1_LENGTH_BYTES);
  }
  buffers.push(bytes);
  parentPort?.postMessage({ unit, digests, good } satisfies CheckAnswer);
}

/** At least `lengthBytes` long; at most two are ever out. */
function takeBuffer(lengthBytes: number): Uint8Array {
  const buffer = buffers.pop();
  return buffer !== undefined && buffer.length >= lengthBytes ? buffer : new Uint8Array(lengthBytes);
}
