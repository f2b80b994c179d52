// A worker thread that hashes what was copied into shared staging slots, in the order asked. A job may go over several slots.

import { createHash, type Hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { PART_NUMBERS, SLOT_BYTES, type HashAnswer, type HashOrder } from './hash-order.ts';

const staging = workerData as SharedArrayBuffer;
/** Jobs that go on in the next slot: one at most. */
const unfinished = new Map<number, Hash>();

parentPort?.on('message', ({ slot, parts }: HashOrder) => {
  const jobs: number[] = [];
  const digests: Uint8Array[] = [];
  let offset = slot * SLOT_BYTES;
  for (let at = 0; at < parts.length; at += PART_NUMBERS) {
    const [job, lengthBytes, last] = parts.subarray(at, at + PART_NUMBERS) as unknown as [number, number, number];
    const hash = (unfinished.get(job) ?? createHash('sha1')).update(new Uint8Array(staging, offset, lengthBytes));
    offset += lengthBytes;
    if (last === 0) unfinished.set(job, hash);
    else {
      unfinished.delete(job);
      jobs.push(job);
      digests.push(hash.digest());
    }
  }
  parentPort?.postMessage({ slot, jobs, digests: new Uint8Array(Buffer.concat(digests)) } satisfies HashAnswer);
});
