// Outstanding events of a virtual world, earliest first. Equal instants leave in the order in which they were pushed.
//
// A hierarchical timer wheel on typed arrays: three levels of 1,024 slots of 1 µs, 1 ms and 1 s cover the current epoch of 2³⁰ µs; later
// events wait in one list until their epoch begins. An event stands on the lowest level whose window it shares with the cursor, and a
// window's events move down when the cursor enters it, before anything can be pushed below: so a slot is always in the order of pushes.
// One event is a row of numbers and no object. Who the events are for is not known here.

const SLOT_BITS = 10;
const SLOTS = 1 << SLOT_BITS;
const SLOT_MASK = SLOTS - 1;
const LEVELS = 3;
const WORDS = SLOTS / 32;
const EPOCH_US = 2 ** (SLOT_BITS * LEVELS);
const OVERFLOW = LEVELS * SLOTS;
const NONE = -1;
/** A row: the next event of its list, kind, a, b, then the instant as a double; half a line of the cache. Its integers and doubles as powers
 *  of two. */
const INTS_SHIFT = 3;
const REALS_SHIFT = 2;
const KIND = 1;
const A = 2;
const B = 3;
const AT = 2;

export class EventQueue {
  /** The event that `pop` took last. */
  at = 0;
  kind = 0;
  a = 0;
  b = 0;
  /** Outstanding events. */
  size = 0;

  #epochStart = 0;
  /** Where the wheel stands, relative to the epoch; never beyond the last event taken or window entered. */
  #cursor = 0;

  readonly #first = new Int32Array(OVERFLOW + 1).fill(NONE);
  readonly #last = new Int32Array(OVERFLOW + 1).fill(NONE);
  /** One bit a slot that holds events, and one bit a word that is not zero. */
  readonly #words = new Int32Array(LEVELS * WORDS);
  readonly #summary = new Int32Array(LEVELS);

  #free = NONE;
  #used = 0;
  #events = new Int32Array(256 << INTS_SHIFT);
  #instants = new Float64Array(this.#events.buffer);

  /** `at`: integer microseconds, not before the event taken last (RangeError). `kind`: 0 … 255; `a`, `b`: signed 32-bit. */
  push(at: number, kind: number, a: number, b: number): void {
    if (at < this.#epochStart + this.#cursor) throw new RangeError(`event at ${at} µs lies before ${this.at} µs`);
    let index = this.#free;
    if (index !== NONE) this.#free = this.#events[index << INTS_SHIFT] as number;
    else {
      index = this.#used++;
      if (index << INTS_SHIFT === this.#events.length) this.#grow();
    }
    const row = index << INTS_SHIFT;
    this.#instants[(index << REALS_SHIFT) | AT] = at;
    this.#events[row | KIND] = kind;
    this.#events[row | A] = a;
    this.#events[row | B] = b;
    this.size += 1;
    this.#place(index, at - this.#epochStart);
  }

  /** Takes the earliest event into `at`, `kind`, `a`, `b`. False when there is none up to `limit`, inclusive. */
  pop(limit: number): boolean {
    while (true) {
      const cursor = this.#cursor;
      const slot = this.#find(0, cursor & SLOT_MASK);
      if (slot >= 0) {
        const time = (cursor & ~SLOT_MASK) | slot;
        if (this.#epochStart + time > limit) return false;
        this.#cursor = time;
        this.#take(slot);
        return true;
      }
      if (!this.#enterNext(limit)) return false;
    }
  }

  #take(slot: number): void {
    const index = this.#first[slot] as number;
    const events = this.#events;
    const row = index << INTS_SHIFT;
    const next = events[row] as number;
    this.#first[slot] = next;
    if (next === NONE) this.#clear(0, slot);
    this.at = this.#epochStart + this.#cursor;
    this.kind = events[row | KIND] as number;
    this.a = events[row | A] as number;
    this.b = events[row | B] as number;
    events[row] = this.#free;
    this.#free = index;
    this.size -= 1;
  }

  /** Moves the cursor to the next window that holds events and their events down; false when it begins after `limit`. */
  #enterNext(limit: number): boolean {
    for (let level = 1; level < LEVELS; level += 1) {
      const shift = level * SLOT_BITS;
      const slot = this.#find(level, ((this.#cursor >>> shift) & SLOT_MASK) + 1);
      if (slot < 0) continue;
      const above = shift + SLOT_BITS;
      const start = (above === 30 ? 0 : (this.#cursor >>> above) << above) | (slot << shift);
      if (this.#epochStart + start > limit) return false;
      this.#cursor = start;
      this.#clear(level, slot);
      this.#replace(level * SLOTS + slot);
      return true;
    }
    return this.#enterEpoch(limit);
  }

  #enterEpoch(limit: number): boolean {
    let earliest = Infinity;
    for (
      let index = this.#first[OVERFLOW] as number;
      index !== NONE;
      index = this.#events[index << INTS_SHIFT] as number
    )
      earliest = Math.min(earliest, this.#instantOf(index));
    const start = Math.floor(earliest / EPOCH_US) * EPOCH_US;
    if (earliest === Infinity || start > limit) return false;
    this.#epochStart = start;
    this.#cursor = 0;
    this.#replace(OVERFLOW);
    return true;
  }

  /** Empties a list and places its events anew, in order. */
  #replace(list: number): void {
    let index = this.#first[list] as number;
    this.#first[list] = NONE;
    while (index !== NONE) {
      const next = this.#events[index << INTS_SHIFT] as number;
      this.#place(index, this.#instantOf(index) - this.#epochStart);
      index = next;
    }
  }

  #place(index: number, time: number): void {
    let list = OVERFLOW;
    if (time < EPOCH_US) {
      const differs = time ^ this.#cursor;
      const level = differs < SLOTS ? 0 : differs < SLOTS * SLOTS ? 1 : 2;
      const slot = (time >>> (level * SLOT_BITS)) & SLOT_MASK;
      list = level * SLOTS + slot;
      const word = level * WORDS + (slot >>> 5);
      this.#words[word] = (this.#words[word] as number) | (1 << (slot & 31));
      this.#summary[level] = (this.#summary[level] as number) | (1 << (slot >>> 5));
    }
    this.#events[index << INTS_SHIFT] = NONE;
    if (this.#first[list] === NONE) this.#first[list] = index;
    else this.#events[(this.#last[list] as number) << INTS_SHIFT] = index;
    this.#last[list] = index;
  }

  /** The first slot at or after `from` that holds events, or −1. */
  #find(level: number, from: number): number {
    if (from >= SLOTS) return NONE;
    const word = from >>> 5;
    const here = (this.#words[level * WORDS + word] as number) & (-1 << (from & 31));
    if (here !== 0) return word * 32 + lowestBit(here);
    const words = word === 31 ? 0 : (this.#summary[level] as number) & (-1 << (word + 1));
    if (words === 0) return NONE;
    const found = lowestBit(words);
    return found * 32 + lowestBit(this.#words[level * WORDS + found] as number);
  }

  #clear(level: number, slot: number): void {
    const word = level * WORDS + (slot >>> 5);
    const left = (this.#words[word] as number) & ~(1 << (slot & 31));
    this.#words[word] = left;
    if (left === 0) this.#summary[level] = (this.#summary[level] as number) & ~(1 << (slot >>> 5));
  }

  #instantOf(index: number): number {
    return this.#instants[(index << REALS_SHIFT) | AT] as number;
  }

  #grow(): void {
    const events = new Int32Array(this.#events.length * 2);
    events.set(this.#events);
    this.#events = events;
    this.#instants = new Float64Array(events.buffer);
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
