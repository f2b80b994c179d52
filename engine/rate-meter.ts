// How fast bytes came lately: the mean of the first five seconds, then one that forgets by a fifth each second; and the last 20 seconds
// for the choker (BEP 3).

const MEMORY_SECONDS = 5;

export class RateMeter {
  totalBytes = 0;
  /** Smoothed over about five seconds. */
  bytesPerSecond = 0;
  /** Since there was something to count, up to MEMORY_SECONDS. */
  #seconds = 0;
  #secondBytes = 0;
  #roundBytes = 0;
  #lastRoundBytes = 0;

  add(bytes: number): void {
    this.totalBytes += bytes;
    this.#secondBytes += bytes;
    this.#roundBytes += bytes;
  }

  /** Nothing came lately: a second changes nothing. */
  get idle(): boolean {
    return this.bytesPerSecond === 0 && this.#secondBytes === 0;
  }

  /** Once a second. */
  second(): void {
    const bytes = this.#secondBytes;
    this.#secondBytes = 0;
    if (this.bytesPerSecond === 0) this.#seconds = 0;
    if (bytes > 0 || this.bytesPerSecond > 0) this.#seconds = Math.min(this.#seconds + 1, MEMORY_SECONDS);
    if (this.#seconds === 0) return;
    this.bytesPerSecond = Math.floor((this.bytesPerSecond * (this.#seconds - 1) + bytes) / this.#seconds);
  }

  /** Nothing comes any more: the rate is 0 at once, as nobody counts the seconds. */
  rest(): void {
    this.bytesPerSecond = 0;
    this.#seconds = 0;
    this.#secondBytes = 0;
  }

  /** Bytes of this choke round and the one before. */
  get recentBytes(): number {
    return this.#roundBytes + this.#lastRoundBytes;
  }

  /** Once a choke round. */
  round(): void {
    this.#lastRoundBytes = this.#roundBytes;
    this.#roundBytes = 0;
  }
}
