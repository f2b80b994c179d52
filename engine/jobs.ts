// The engine's outstanding questions to the world. A job id is asked once and answered once; slots are reused, ids never.

import { assert } from './bug.ts';
import type { JobId } from './contract.ts';

export type JobKind =
  | 'readBlock'
  | 'hashPiece'
  | 'hashBlocks'
  | 'writeBlocks'
  | 'sync'
  | 'checkPieces'
  | 'saveResume'
  | 'announce'
  | 'openTorrent'
  | 'scrape';

/** Outstanding jobs at once: 2²⁰, far above what the queues of all peers and pieces may hold. */
const SLOTS = 1 << 20;

/** What a job was about: `owner` is the torrent or peer that asked, the rest is the asker's own. */
export interface Job<Owner> {
  kind: JobKind;
  owner: Owner;
  a: number;
  b: number;
  c: number;
  id: JobId;
  open: boolean;
}

export class Jobs<Owner> {
  readonly #jobs: Job<Owner>[] = [];
  readonly #free: number[] = [];

  get outstanding(): number {
    return this.#jobs.length - this.#free.length;
  }

  open(kind: JobKind, owner: Owner, a: number, b: number, c: number): JobId {
    const slot = this.#free.pop();
    if (slot === undefined) {
      const id = this.#jobs.length;
      assert(id < SLOTS, 'too many outstanding jobs', id);
      this.#jobs.push({ kind, owner, a, b, c, id, open: true });
      return id;
    }
    const job = this.#jobs[slot] as Job<Owner>;
    job.kind = kind;
    job.owner = owner;
    job.a = a;
    job.b = b;
    job.c = c;
    job.id += SLOTS;
    job.open = true;
    return job.id;
  }

  /** The job that an answer belongs to. Its record is good until the next `open`. */
  close(id: JobId, kind: JobKind): Job<Owner> {
    const slot = id % SLOTS;
    const job = this.#jobs[slot];
    assert(
      job !== undefined && job.open && job.id === id && job.kind === kind,
      `an answer to no outstanding ${kind}`,
      id,
    );
    job.open = false;
    this.#free.push(slot);
    return job;
  }
}
