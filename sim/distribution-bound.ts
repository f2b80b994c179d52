// The least time that arithmetic allows a run (Kumar & Ross 2006), as a law that every run keeps, whoever crashed, paused, left, came late or
// had something from the start: nobody gains more than its downlink lets in, all together no more than all uplinks let out, and nothing new
// comes faster than the uplinks of those that had it at first.
//
// A gain counts from the first start of a node on a torrent to the moment when its engine says complete. What its disk held before is no gain,
// and what a crash took and was sent again is counted once, so the law can only be too mild.

import { BLOCK_LENGTH_BYTES } from '#engine';
import type { Link } from '#harness';
import type { SimNode } from './sim-node.ts';
import type { Store } from './store.ts';
import type { TorrentContents } from './torrent-contents.ts';

interface Download {
  readonly node: SimNode;
  readonly addedAt: number;
  /** One byte a block that the disk held as the torrent wants it, null = none. */
  readonly heldBefore: Uint8Array | null;
  completedAt: number | null;
  gainedBytes: number;
}

/** What all nodes together gained of one torrent. */
interface Spread {
  /** Who had any of it before it was started there. */
  readonly holders: Set<SimNode>;
  /** One byte a block that somebody gained. */
  readonly gained: Uint8Array;
}

/** Who sends: its line, and since when (µs, null = it never ran). `node`: null where it is no engine of ours, which may have held anything. */
export interface Uplink {
  readonly node: SimNode | null;
  readonly upBps: number;
  readonly since: number | null;
}

/** One inequality as it was found, in bytes; it holds where `gainedBytes` ≤ `possibleBytes`. */
export interface BoundClaim {
  readonly what: string;
  readonly gainedBytes: number;
  readonly possibleBytes: number;
}

const SECOND_US = 1_000_000;

export class DistributionBound {
  readonly #downloads = new Map<Store, Download>();
  readonly #spreads = new Map<TorrentContents, Spread>();

  /** A node starts on a torrent; only the first time counts. */
  added(node: SimNode, store: Store): void {
    if (this.#downloads.has(store)) return;
    const heldBefore = node.options.seed || store.writeCount > 0 ? heldBlocks(store) : null;
    this.#downloads.set(store, { node, addedAt: node.now, heldBefore, completedAt: null, gainedBytes: 0 });
    if (heldBefore?.includes(1)) this.#spreadOf(store.contents).holders.add(node);
  }

  /** An engine says that it has all that it wants; only the first time counts. */
  completed(store: Store): void {
    const download = this.#downloads.get(store);
    if (download === undefined || download.completedAt !== null) return;
    download.completedAt = download.node.now;
    const { gained } = this.#spreadOf(store.contents);
    const { geometry } = store.contents;
    heldBlocks(store).forEach((held, index) => {
      if (held === 0 || download.heldBefore?.[index] === 1) return;
      const piece = Math.floor(index / geometry.blocksPerPiece);
      download.gainedBytes += geometry.blockLength(piece, index - piece * geometry.blocksPerPiece);
      gained[index] = 1;
    });
  }

  /** Every inequality that the run so far must keep. `uplinks`: everyone that may have sent anything. */
  claims(uplinks: readonly Uplink[]): BoundClaim[] {
    const done = [...this.#downloads.values()].filter(({ completedAt }) => completedAt !== null);
    if (done.length === 0) return [];
    const first = Math.min(...done.map(({ addedAt }) => addedAt));
    // What a holder gave may have gone by one who came before all that are complete, and who left.
    const firstOfAll = Math.min(...[...this.#downloads.values()].map(({ addedAt }) => addedAt));
    const last = Math.max(...done.map(({ completedAt }) => completedAt as number));
    const possible = (senders: readonly Uplink[], from: number) =>
      senders.reduce((bytes, { upBps, since }) => bytes + sentAtMost(upBps, last - Math.max(from, since ?? last)), 0);
    return [
      ...done.map(({ node, addedAt, completedAt, gainedBytes }) => ({
        what: `the downlink of node ${node.index}`,
        gainedBytes,
        // A line that was idle lets the run that ends its rest through as fast as it comes.
        possibleBytes: sentAtMost(node.options.link.downBps, (completedAt as number) - addedAt) + BLOCK_LENGTH_BYTES,
      })),
      {
        what: 'all uplinks',
        gainedBytes: done.reduce((bytes, { gainedBytes }) => bytes + gainedBytes, 0),
        possibleBytes: possible(uplinks, first),
      },
      ...[...this.#spreads].map(([contents, { holders, gained }]) => ({
        what: `the uplinks of the first holders of ${contents.metainfo.name}`,
        gainedBytes: bytesOf(contents, gained),
        possibleBytes: possible(
          uplinks.filter(({ node }) => node === null || holders.has(node)),
          firstOfAll,
        ),
      })),
    ];
  }

  #spreadOf(contents: TorrentContents): Spread {
    let spread = this.#spreads.get(contents);
    if (spread === undefined) {
      spread = { holders: new Set(), gained: new Uint8Array(contents.blockCount) };
      this.#spreads.set(contents, spread);
    }
    return spread;
  }
}

/** Shortest time in which anything could bring `sizeBytes` to everyone (Kumar & Ross 2006), in seconds, where all begin together.
 *
 *  `pieceBytes`: only whole pieces are passed on, 0 = every byte at once. While c pieces have arrived in all, c leechers at most have one to
 *  send, so the next takes P / (seeds + the c fastest uplinks) at least: one piece alone reaches n leechers after P/u × (1 + 1/2 + … + 1/n)
 *  where one seed and they have uplinks of u. Once everyone may have a piece, the rest comes at the rate of all uplinks. */
export function distributionBoundS(run: {
  readonly sizeBytes: number;
  readonly pieceBytes?: number;
  readonly seedUpBps: readonly number[];
  readonly leecherUpBps: readonly number[];
  readonly leecherDownBps: readonly number[];
}): number {
  const sum = (rates: readonly number[]) => rates.reduce((total, rate) => total + rate, 0);
  const seeds = sum(run.seedUpBps);
  const count = run.leecherDownBps.length;
  const pieceBytes = Math.min(run.pieceBytes ?? 0, run.sizeBytes);
  let rate = seeds;
  let firstPiecesS = 0;
  for (const uplink of [...run.leecherUpBps].sort((a, b) => b - a)) {
    firstPiecesS += pieceBytes / rate;
    rate += uplink;
  }
  return Math.max(
    run.sizeBytes / seeds,
    run.sizeBytes / Math.min(...run.leecherDownBps),
    firstPiecesS + (count * (run.sizeBytes - pieceBytes)) / rate,
  );
}

/** A line keeps its rate to within the microsecond that an event may come late. */
function sentAtMost(bytesPerS: Link['upBps'], spanUs: number): number {
  return spanUs <= 0 ? 0 : (bytesPerS * (spanUs + 1)) / SECOND_US;
}

function heldBlocks(store: Store): Uint8Array {
  const { contents } = store;
  return Uint8Array.from({ length: contents.blockCount }, (_, index) =>
    store.written(index) === contents.stamp(index) ? 1 : 0,
  );
}

function bytesOf(contents: TorrentContents, blocks: Uint8Array): number {
  const { geometry } = contents;
  return blocks.reduce((bytes, gained, index) => {
    const piece = Math.floor(index / geometry.blocksPerPiece);
    return gained === 0 ? bytes : bytes + geometry.blockLength(piece, index - piece * geometry.blocksPerPiece);
  }, 0);
}
