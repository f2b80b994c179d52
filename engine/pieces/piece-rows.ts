// What is kept of every piece: its state, its priority, how many peers have it and where it stands in the order of rarity, in one row.
//
// A HAVE meets all of it at once; side by side that is one line of the cache and not six, which a swarm of thousands of engines in one
// process feels with every message. The numbers mean what the picker says.

/** Two integers a piece: state, priority and copies; then the rank. */
const ROW = 2;
const STATE_MASK = 0xff;
const PRIORITY_SHIFT = 8;
const PRIORITY_MASK = 0xff;
const COPIES_SHIFT = 16;
const COPIES_ONE = 1 << COPIES_SHIFT;

export class PieceRows {
  readonly pieceCount: number;
  readonly #rows: Int32Array;

  /** Every piece begins with state 0, no copies, no rank (−1) and this priority. */
  constructor(pieceCount: number, priority: number) {
    this.pieceCount = pieceCount;
    this.#rows = new Int32Array(pieceCount * ROW).fill(-1);
    for (let piece = 0; piece < pieceCount; piece += 1) this.#rows[piece * ROW] = priority << PRIORITY_SHIFT;
  }

  /** 0 … 255. */
  state(piece: number): number {
    return (this.#rows[piece * ROW] as number) & STATE_MASK;
  }

  setState(piece: number, state: number): void {
    const at = piece * ROW;
    this.#rows[at] = ((this.#rows[at] as number) & ~STATE_MASK) | state;
  }

  /** 0 … 255. */
  priority(piece: number): number {
    return ((this.#rows[piece * ROW] as number) >>> PRIORITY_SHIFT) & PRIORITY_MASK;
  }

  setPriority(piece: number, priority: number): void {
    const at = piece * ROW;
    const others = (this.#rows[at] as number) & ~(PRIORITY_MASK << PRIORITY_SHIFT);
    this.#rows[at] = others | (priority << PRIORITY_SHIFT);
  }

  /** 0 … 65,535: more than a torrent may have connections. */
  copies(piece: number): number {
    return (this.#rows[piece * ROW] as number) >>> COPIES_SHIFT;
  }

  addCopy(piece: number): void {
    const at = piece * ROW;
    this.#rows[at] = (this.#rows[at] as number) + COPIES_ONE;
  }

  removeCopy(piece: number): void {
    const at = piece * ROW;
    this.#rows[at] = (this.#rows[at] as number) - COPIES_ONE;
  }

  /** Its place in the order of rarity, −1: it stands in none. */
  rank(piece: number): number {
    return this.#rows[piece * ROW + 1] as number;
  }

  setRank(piece: number, rank: number): void {
    this.#rows[piece * ROW + 1] = rank;
  }
}
