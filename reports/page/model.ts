// A record, unpacked, and its state at the sample that the page looks at. Moving to another sample toggles only what lies between.

import type { NodeRecord, RunRecord } from '#sim';
import { decodeDeltas, decodeToggles } from './decode.ts';

/** Rates are averaged over at least this many seconds, and this share of the run: blocks come in bursts. */
const SMOOTH_MIN_S = 1;
const SMOOTH_SHARE = 1 / 150;

export class Model {
  readonly record: RunRecord;
  readonly nodes: readonly NodeRecord[];
  readonly pieceCount: number;
  /** Seconds of each sample. */
  readonly timesS: Float64Array;
  readonly sampleCount: number;
  readonly lastSample: number;
  /** Samples on each side over which a rate is averaged. */
  readonly smoothing: number;
  /** Changes between a sample and the one before it; none for the first. */
  readonly pieceToggles: readonly Uint32Array[];
  readonly slotToggles: readonly Uint32Array[];
  /** One byte a peer and piece at the sample looked at: 1 = has it. */
  readonly has: Uint8Array;
  /** One byte for each pair, uploader first: 0 = choked, 1 = unchoked, 3 = as the optimistic one. */
  readonly slots: Uint8Array;
  sample = 0;
  #shares: Float64Array[] | null = null;
  readonly #downloadedKiB: Float64Array;
  readonly #uploadedKiB: Float64Array;

  constructor(record: RunRecord) {
    this.record = record;
    this.nodes = record.nodes;
    this.pieceCount = record.torrent.pieceCount;
    this.sampleCount = record.sampleCount;
    this.lastSample = record.sampleCount - 1;
    const endS = record.result.virtualS;
    this.timesS = Float64Array.from({ length: record.sampleCount }, (_, sample) =>
      sample === this.lastSample && sample > 0 ? endS : sample * record.intervalS,
    );
    this.smoothing = Math.ceil(Math.max(SMOOTH_MIN_S, endS * SMOOTH_SHARE) / record.intervalS / 2);
    this.pieceToggles = [new Uint32Array(), ...decodeToggles(record.pieces)];
    this.slotToggles = [new Uint32Array(), ...decodeToggles(record.unchoked)];
    this.has = new Uint8Array(this.nodes.length * this.pieceCount);
    this.slots = new Uint8Array(this.nodes.length ** 2);
    const intervals = Math.max(0, this.lastSample);
    this.#downloadedKiB = decodeDeltas(record.downloadedKiB, this.nodes.length, intervals);
    this.#uploadedKiB = decodeDeltas(record.uploadedKiB, this.nodes.length, intervals);
  }

  get timeS(): number {
    return this.timesS[this.sample] as number;
  }

  /** The last sample that is not after `timeS`. */
  sampleAt(timeS: number): number {
    let low = 0;
    let high = this.lastSample;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.timesS[middle] as number) <= timeS) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Looks at another sample. */
  seek(sample: number): void {
    const { placesMax } = this.record;
    const from = Math.min(this.sample, sample);
    const to = Math.max(this.sample, sample);
    for (let step = from + 1; step <= to; step += 1) {
      for (const cell of this.pieceToggles[step] ?? []) this.has[cell] = (this.has[cell] as number) ^ 1;
      for (const cell of this.slotToggles[step] ?? []) {
        const optimistic = cell >= placesMax ** 2;
        const pair = optimistic ? cell - placesMax ** 2 : cell;
        const at = Math.floor(pair / placesMax) * this.nodes.length + (pair % placesMax);
        this.slots[at] = (this.slots[at] as number) ^ (optimistic ? 2 : 1);
      }
    }
    this.sample = sample;
  }

  /** For each peer the share of all pieces that it has, at every sample. */
  get shares(): readonly Float64Array[] {
    this.#shares ??= this.#countShares();
    return this.#shares;
  }

  #countShares(): Float64Array[] {
    const held = new Float64Array(this.nodes.length);
    const shares = this.nodes.map(() => new Float64Array(this.sampleCount));
    const state = new Uint8Array(this.has.length);
    for (let sample = 0; sample < this.sampleCount; sample += 1) {
      for (const cell of this.pieceToggles[sample] ?? []) {
        const place = Math.floor(cell / this.pieceCount);
        state[cell] = (state[cell] as number) ^ 1;
        held[place] = (held[place] as number) + (state[cell] === 1 ? 1 : -1);
      }
      shares.forEach((share, place) => {
        share[sample] = (held[place] as number) / Math.max(1, this.pieceCount);
      });
    }
    return shares;
  }

  /** Bytes per second of one peer around each sample. */
  ratesOf(place: number, direction: 'down' | 'up'): Float64Array {
    const kib = direction === 'down' ? this.#downloadedKiB : this.#uploadedKiB;
    const total = new Float64Array(this.sampleCount);
    for (let sample = 1; sample < this.sampleCount; sample += 1)
      total[sample] = (total[sample - 1] as number) + 1024 * (kib[place * this.lastSample + sample - 1] as number);
    return this.smoothRate(total);
  }

  /** Growth per second of a total, averaged around each sample. */
  smoothRate(total: ArrayLike<number>): Float64Array {
    return Float64Array.from(this.timesS, (_, sample) => {
      const from = Math.max(0, sample - this.smoothing);
      const to = Math.min(this.lastSample, sample + this.smoothing);
      const spanS = (this.timesS[to] as number) - (this.timesS[from] as number);
      return spanS > 0 ? ((total[to] as number) - (total[from] as number)) / spanS : 0;
    });
  }

  /** True where the node ran at that time. */
  runs(place: number, timeS: number): boolean {
    const { presenceS } = this.nodes[place] as NodeRecord;
    let changes = 0;
    while (changes < presenceS.length && (presenceS[changes] as number) <= timeS) changes += 1;
    return changes % 2 === 1;
  }

  placeOf(index: number): number {
    return this.nodes.findIndex((node) => node.index === index);
  }
}
