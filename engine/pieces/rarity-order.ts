// The missing pieces of one priority, kept in order of how many peers have them, ties in random order.
//
// `#order` holds the pieces, fewest copies first; bucket `a` (all pieces with availability a) is `#order[#start[a] … #start[a + 1])`.
// One more or one copy less moves a piece over one bucket boundary by one swap: O(1). Entering and leaving cost one swap a bucket
// (at most as many as the availability of any piece, bounded by the connections of a torrent).

import { assert } from '../bug.ts';
import type { RandomStream } from '../contract.ts';

export class RarityOrder {
  readonly #random: RandomStream;
  readonly #order: Int32Array;
  /** Where a piece stands in `#order`; −1 where it does not. */
  readonly #position: Int32Array;
  readonly #availability: Uint16Array;
  /** One entry more than there are buckets: the last is the number of pieces in the order. */
  readonly #start: number[] = [0, 0];

  /** `availability`: shared with the caller, who changes an entry only through this class while the piece is in the order. */
  constructor(availability: Uint16Array, random: RandomStream) {
    this.#availability = availability;
    this.#random = random;
    this.#order = new Int32Array(availability.length);
    this.#position = new Int32Array(availability.length).fill(-1);
  }

  get size(): number {
    return this.#start[this.#start.length - 1] as number;
  }

  contains(piece: number): boolean {
    return this.#position[piece] !== -1;
  }

  /** The piece at `rank`, 0 = rarest. */
  at(rank: number): number {
    return this.#order[rank] as number;
  }

  insert(piece: number): void {
    const bucket = this.#availability[piece] as number;
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
    this.#shuffleInto(piece, bucket);
  }

  remove(piece: number): void {
    const start = this.#start;
    let hole = this.#position[piece] as number;
    for (let b = this.#availability[piece] as number; b < start.length - 1; b += 1) {
      const last = (start[b + 1] as number) - 1;
      if (last !== hole) this.#put(this.#order[last] as number, hole);
      hole = last;
      start[b + 1] = last;
    }
    this.#position[piece] = -1;
  }

  /** One peer more has the piece. */
  increment(piece: number): void {
    const bucket = this.#availability[piece] as number;
    this.#reach(bucket + 1);
    const last = (this.#start[bucket + 1] as number) - 1;
    this.#swap(piece, last);
    this.#start[bucket + 1] = last;
    this.#availability[piece] = bucket + 1;
    this.#shuffleInto(piece, bucket + 1);
  }

  /** One peer fewer has the piece. */
  decrement(piece: number): void {
    const bucket = this.#availability[piece] as number;
    const first = this.#start[bucket] as number;
    this.#swap(piece, first);
    this.#start[bucket] = first + 1;
    this.#availability[piece] = bucket - 1;
    this.#shuffleInto(piece, bucket - 1);
  }

  /** Throws `EngineBug` where order, positions and buckets disagree. */
  checkInvariants(): void {
    let inOrder = 0;
    for (let piece = 0; piece < this.#position.length; piece += 1) {
      const rank = this.#position[piece] as number;
      if (rank === -1) continue;
      inOrder += 1;
      assert(this.#order[rank] === piece, 'a piece stands where its position says', piece, rank);
      const bucket = this.#availability[piece] as number;
      const inside = rank >= (this.#start[bucket] as number) && rank < (this.#start[bucket + 1] as number);
      assert(inside, 'a piece stands in the bucket of its availability', piece, bucket);
    }
    assert(inOrder === this.size, 'pieces in the order are counted', inOrder, this.size);
  }

  #reach(bucket: number): void {
    const start = this.#start;
    while (start.length < bucket + 2) start.push(start[start.length - 1] as number);
  }

  /** A random place within the bucket: ties are broken by chance, not by index, so that peers do not all want the same piece. */
  #shuffleInto(piece: number, bucket: number): void {
    const first = this.#start[bucket] as number;
    const count = (this.#start[bucket + 1] as number) - first;
    if (count > 1) this.#swap(piece, first + this.#random.below(count));
  }

  #swap(piece: number, rank: number): void {
    const other = this.#order[rank] as number;
    this.#put(other, this.#position[piece] as number);
    this.#put(piece, rank);
  }

  #put(piece: number, rank: number): void {
    this.#order[rank] = piece;
    this.#position[piece] = rank;
  }
}
