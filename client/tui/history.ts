// The rates of the last minutes, for graphs: one sample a second and torrent, kept by the UI.
//
// Always: a torrent that never moved anything takes no room; what is removed is forgotten.

import type { TorrentKey, TorrentRow } from '../control/protocol.ts';

/** Ten minutes. */
const SAMPLES = 600;

interface Ring {
  readonly down: Float32Array;
  readonly up: Float32Array;
  /** How many seconds were sampled since the ring began. */
  count: number;
}

export class History {
  readonly #rings = new Map<TorrentKey, Ring>();

  /** Takes one sample of every torrent; call once a second. */
  sample(rows: ReadonlyMap<TorrentKey, TorrentRow>): void {
    for (const key of this.#rings.keys()) if (!rows.has(key)) this.#rings.delete(key);
    for (const [key, row] of rows) {
      let ring = this.#rings.get(key);
      if (ring === undefined) {
        if (row.downloadBps === 0 && row.uploadBps === 0) continue;
        ring = { down: new Float32Array(SAMPLES), up: new Float32Array(SAMPLES), count: 0 };
        this.#rings.set(key, ring);
      }
      ring.down[ring.count % SAMPLES] = row.downloadBps;
      ring.up[ring.count % SAMPLES] = row.uploadBps;
      ring.count += 1;
    }
  }

  /** The last `count` samples in bytes per second, the newest last; 0 before anything was sampled. */
  last(key: TorrentKey, direction: 'down' | 'up', count: number): number[] {
    const ring = this.#rings.get(key);
    return Array.from({ length: count }, (_, at) => {
      const age = count - 1 - at;
      if (ring === undefined || age >= Math.min(ring.count, SAMPLES)) return 0;
      return ring[direction][(ring.count - 1 - age) % SAMPLES] as number;
    });
  }
}
