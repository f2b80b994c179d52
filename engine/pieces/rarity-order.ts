// The missing pieces of one priority, kept in order of how many peers have them; ties stand in no order, and whoever picks begins at a
// random one, so that peers do not all want the same piece.
//
// `#order` holds the pieces, fewest copies first; bucket `a` (all pieces with `a` copies) is `#order[#start[a] … #start[a + 1])`.
// One copy more or less moves a piece over one bucket boundary by one swap: O(1). Entering and leaving cost one swap a bucket
// (at most as many as the copies of any piece, bounded by the connections of a torrent).

import { assert } from '../bug.ts';
import type { RandomStream } from '../contract.ts';
import type { PieceRows } from './piece-rows.ts';

export class RarityOrder {
  readonly #random: RandomStream;
  readonly #byCopies: boolean;
  readonly #order: Int32Array;
  readonly #rows: PieceRows;
  /** One entry more than there are buckets: the last is the number of pieces in the order. */
  readonly #start: number[] = [0, 0];

  /** `rows`: of all pieces; the copies of a piece in the order are changed only through this class, and its rank is kept there. `byCopies`:
   *  false makes all pieces a tie. */
  constructor(rows: PieceRows, byCopies: boolean, random: RandomStream) {
    this.#rows = rows;
    this.#byCopies = byCopies;
    this.#random = random;
    this.#order = new Int32Array(rows.pieceCount);
  }

  get size(): number {
    return this.#start[this.#start.length - 1] as number;
  }

  contains(piece: number): boolean {
    return this.#rows.rank(piece) !== -1;
  }

  /** The rarest piece that `peer` may be asked for, ties by chance; −1: none. */
  rarest(peer: { mayAsk(piece: number): boolean }): number {
    for (let bucket = 0; bucket < this.#start.length - 1; bucket += 1) {
      const first = this.#start[bucket] as number;
      const end = this.#start[bucket + 1] as number;
      if (first === end) continue;
      // From there to the end and on from the first: a remainder for each would cost more than all else here.
      let at = end - first === 1 ? first : first + this.#random.below(end - first);
      for (let left = end - first; left > 0; left -= 1) {
        const piece = this.#order[at] as number;
        if (peer.mayAsk(piece)) return piece;
        at = at + 1 === end ? first : at + 1;
      }
    }
    return -1;
  }

  insert(piece: number): void {
    const bucket = this.#bucketOf(piece);
    this.#reach(bucket);
    const start = this.#start;
    let hole = this.size;
    start[start.length - 1] = hole + 1;
    for (let b = start.length - 2; b > bucket; b -= 1) {
      const first = start[b] as number;
      // An empty bucket has no first piece: what stands there is no longer in the order.
      if (first !== hole) this.#put(this.#order[first] as number, hole);
      hole = first;
      start[b] = first + 1;
    }
    this.#put(piece, hole);
  }

  remove(piece: number): void {
    const start = this.#start;
    let hole = this.#rows.rank(piece);
    for (let b = this.#bucketOf(piece); b < start.length - 1; b += 1) {
      const last = (start[b + 1] as number) - 1;
      if (last !== hole) this.#put(this.#order[last] as number, hole);
      hole = last;
      start[b + 1] = last;
    }
    this.#rows.setRank(piece, -1);
  }

  /** One peer more has the piece. */
  increment(piece: number): void {
    const bucket = this.#bucketOf(piece);
    this.#rows.addCopy(piece);
    if (!this.#byCopies) return;
    this.#reach(bucket + 1);
    const last = (this.#start[bucket + 1] as number) - 1;
    this.#swap(piece, last);
    this.#start[bucket + 1] = last;
  }

  /** One peer fewer has the piece. */
  decrement(piece: number): void {
    const bucket = this.#bucketOf(piece);
    this.#rows.removeCopy(piece);
    if (!this.#byCopies) return;
    const first = this.#start[bucket] as number;
    this.#swap(piece, first);
    this.#start[bucket] = first + 1;
  }

  /** Throws `EngineBug` where order, ranks and buckets disagree. */
  checkInvariants(): void {
    for (let bucket = 0; bucket < this.#start.length - 1; bucket += 1) {
      for (let rank = this.#start[bucket] as number; rank < (this.#start[bucket + 1] as number); rank += 1) {
        const piece = this.#order[rank] as number;
        assert(this.#rows.rank(piece) === rank, 'a piece stands where its rank says', piece, rank);
        assert(this.#bucketOf(piece) === bucket, 'a piece stands in the bucket of its copies', piece, bucket);
      }
    }
  }

  #bucketOf(piece: number): number {
    return this.#byCopies ? this.#rows.copies(piece) : 0;
  }

  #reach(bucket: number): void {
    const start = this.#start;
    while (start.length < bucket + 2) start.push(start[start.length - 1] as number);
  }

  #swap(piece: number, rank: number): void {
    const other = this.#order[rank] as number;
    this.#put(other, this.#rows.rank(piece));
    this.#put(piece, rank);
  }

  #put(piece: number, rank: number): void {
    this.#order[rank] = piece;
    this.#rows.setRank(piece, rank);
  }
}
