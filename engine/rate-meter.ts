// How fast bytes came lately: the mean of the first five seconds, then one that forgets by a fifth each second, and nothing after a while of
// silence; and the last 20 seconds for the choker (BEP 3).
//
// Seconds are worked out when somebody looks or adds: most meters of a large swarm are silent.

const MEMORY_SECONDS = 5;
/** What is left of a rate after so long a silence says nothing; on the slowest lines a block takes that long. */
const SILENT_SECONDS_MAX = 20;

export class RateMeter {
  readonly #clock: { readonly seconds: number };
  /** The seconds before this one are in the rate. */
  #secondIs: number;
  #secondBytes = 0;
  totalBytes = 0;
  #roundBytes = 0;
  #lastRoundBytes = 0;
  #bytesPerSecond = 0;
  /** Since there was something to count, up to MEMORY_SECONDS. */
  #seconds = 0;
  /** In a row in which nothing came. */
  #silentSeconds = 0;

  /** `clock`: whole seconds that have passed; live. */
  constructor(clock: { readonly seconds: number }) {
    this.#clock = clock;
    this.#secondIs = clock.seconds;
  }

  add(bytes: number): void {
    this.#catchUp();
    this.totalBytes += bytes;
    this.#secondBytes += bytes;
    this.#roundBytes += bytes;
  }

  /** Smoothed over about five seconds. */
  get bytesPerSecond(): number {
    this.#catchUp();
    return this.#bytesPerSecond;
  }

  #catchUp(): void {
    const { seconds } = this.#clock;
    while (this.#secondIs < seconds) {
      // Without a rate a silent second changes nothing.
      if (this.#bytesPerSecond === 0 && this.#secondBytes === 0) this.#secondIs = seconds;
      else this.#second();
    }
  }

  #second(): void {
    const bytes = this.#secondBytes;
    this.#secondBytes = 0;
    this.#secondIs += 1;
    this.#silentSeconds = bytes > 0 ? 0 : this.#silentSeconds + 1;
    if (this.#silentSeconds >= SILENT_SECONDS_MAX) this.#bytesPerSecond = 0;
    if (this.#bytesPerSecond === 0) this.#seconds = 0;
    if (bytes > 0 || this.#bytesPerSecond > 0) this.#seconds = Math.min(this.#seconds + 1, MEMORY_SECONDS);
    if (this.#seconds === 0) return;
    this.#bytesPerSecond = Math.floor((this.#bytesPerSecond * (this.#seconds - 1) + bytes) / this.#seconds);
  }

  /** Nothing comes any more: the rate is 0 at once. */
  rest(): void {
    this.#bytesPerSecond = 0;
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
