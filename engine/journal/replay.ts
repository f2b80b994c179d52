// Runs a journal again: every input goes to a new engine, every output is held against the marks of the recorded ones. Stops at the first
// that differs, at a law that the engine breaks, or where it was told to stop; what the engine is then can be looked at.
//
// The journal may come from a stranger: what it does not hold is a `ReplayError`, never a crash.

import type { Engine, Instant, RandomStream, Sink, TorrentId } from '../contract.ts';
import { createEngine } from '../engine.ts';
import { BLOCK_LENGTH_BYTES } from '../limits.ts';
import type { Settings } from '../settings.ts';
import { ENTRY, ENTRY_KINDS, type EntryKind, type EntryReader } from './entries.ts';
import { describeOutput, listingSink, type Output } from './output-list.ts';
import { firstDifferentMark, markedKind, OutputMarks } from './output-marks.ts';
import { errorText } from './record.ts';
import { InputReader, ReplayError } from './input-reader.ts';

export interface ReplayOptions {
  /** Makes the random stream of a recorded seed. */
  readonly random: (seed: string) => RandomStream;
  /** The engine keeps the reasons of its decisions. */
  readonly explain: boolean;
  /** Hears of every event that the engine reports, after the drain that it came in. */
  readonly heard?: (at: Instant, ...event: Parameters<Sink['event']>) => void;
  /** Stands in front of the engine: another engine shows where it goes another way. */
  readonly wrap?: (engine: Engine) => Engine;
}

/** Where a replay went another way than what was recorded. */
export interface Divergence {
  readonly at: Instant;
  /** Number of the last input before it, from 1. */
  readonly input: number;
  /** The inputs since the drain before, as text: one of them is the cause, or something that no mark covers. */
  readonly inputs: readonly string[];
  readonly recorded: string;
  readonly replayed: string;
}

const INPUTS_SHOWN_MAX = 20;
const NOTHING = 'nothing more';

export class Replay {
  /** The engine as it stands; null before the first entry. */
  engine: Engine | null = null;
  /** Of the last entry that was fed. */
  now: Instant = 0;
  startedAt: Instant | null = null;
  inputCount = 0;
  outputCount = 0;
  /** Engines that were made: one, or one for each life of a simulated node. */
  engineCount = 0;
  divergence: Divergence | null = null;
  /** The engine broke a law of its own, then as now. */
  broke: string | null = null;
  /** The journal is at its end. */
  ended = false;
  readonly torrents = new Set<TorrentId>();
  readonly #reader: EntryReader;
  readonly #inputs: InputReader;
  readonly #options: ReplayOptions;
  #marks = new OutputMarks();
  /** Of the last drain. */
  readonly #outputs: Output[] = [];
  readonly #sink = listingSink(this.#outputs);
  /** Kind and subject of the inputs since the last drain. */
  #since: (readonly [kind: EntryKind, subject: number])[] = [];
  /** An entry was read that lies beyond the stop. */
  #pending = false;

  constructor(reader: EntryReader, options: ReplayOptions) {
    this.#reader = reader;
    this.#inputs = new InputReader(reader);
    this.#options = options;
  }

  /** Feeds every entry up to and with `until`. Throws `ReplayError` where the journal does not hold what it should. */
  run(until: Instant): void {
    while (!this.ended && this.divergence === null && this.broke === null) {
      if (!this.#pending && !this.#reader.next()) {
        this.ended = true;
        return;
      }
      this.#pending = this.#reader.at > until;
      if (this.#pending) return;
      this.now = this.#reader.at;
      this.startedAt ??= this.now;
      this.#feed();
    }
  }

  #feed(): void {
    const kind = ENTRY_KINDS[this.#reader.kind];
    if (kind === undefined) throw new ReplayError(`no entry has the kind ${this.#reader.kind}`);
    if (kind === 'created') this.#create();
    else if (this.engine === null) throw new ReplayError(`${kind} comes before an engine`);
    else if (kind === 'drained') this.#drain(this.engine);
    else if (kind === 'threw') this.#differs(this.#reader.text(), 'the engine went on');
    else this.#input(kind, this.engine);
  }

  #create(): void {
    const seed = this.#reader.text();
    const settings = this.#reader.value() as Settings | null;
    if (typeof settings !== 'object' || settings === null) throw new ReplayError('created without settings');
    const { random, explain, wrap } = this.#options;
    const allocateBlock = () => new Uint8Array(BLOCK_LENGTH_BYTES);
    const engine = createEngine({ random: random(seed), settings, allocateBlock, explain });
    this.engine = wrap?.(engine) ?? engine;
    this.engineCount += 1;
    this.#marks = new OutputMarks();
    this.#since = [];
    this.torrents.clear();
  }

  #input(kind: EntryKind, engine: Engine): void {
    const input = this.#inputs.read(kind);
    this.inputCount += 1;
    this.#since.push([kind, input.subject]);
    try {
      const result = input.give(engine, this.now);
      if (result === null) return;
      this.#marks.returned(result);
      if (kind === 'add' && result >= 0) this.torrents.add(result);
    } catch (error) {
      this.#threw(errorText(error));
    }
  }

  #drain(engine: Engine): void {
    const recorded = this.#reader.bytes();
    const digest = this.#reader.uint();
    this.#outputs.length = 0;
    this.#marks.begin(this.#sink);
    try {
      engine.drain(this.#marks);
    } catch (error) {
      this.#threw(errorText(error));
      return;
    }
    const marks = this.#marks.marks.subarray(0, this.#marks.markBytes);
    this.outputCount += this.#outputs.length;
    this.#tellEvents();
    const index = firstDifferentMark(recorded, marks);
    if (index !== -1) {
      const output = this.#outputs[index];
      const kindThen = markedKind(recorded, index);
      const place = `output ${index + 1}: `;
      const sameKind = kindThen !== null && kindThen === output?.kind;
      this.#differs(
        place + (sameKind ? `${kindThen} with another content` : (kindThen ?? NOTHING)),
        place + (output === undefined ? NOTHING : describeOutput(output)),
      );
    } else if (digest !== this.#marks.digest) this.#differs('another digest', this.#describeAll());
    this.#since = [];
  }

  #tellEvents(): void {
    const { heard } = this.#options;
    if (heard === undefined) return;
    for (const { kind, values } of this.#outputs)
      if (kind === 'event') heard(this.now, ...(values as Parameters<Sink['event']>));
  }

  /** The recorded run broke too where the journal says so, or where it ends. */
  #threw(message: string): void {
    const more = this.#reader.next();
    const then = !more ? message : this.#reader.kind === ENTRY.threw ? this.#reader.text() : 'the engine went on';
    if (then === message) this.broke = message;
    else this.#differs(then, message);
  }

  #differs(recorded: string, replayed: string): void {
    const hidden = this.#since.length - INPUTS_SHOWN_MAX;
    const shown = this.#since.slice(-INPUTS_SHOWN_MAX).map(([kind, subject]) => describeInput(kind, subject));
    this.divergence = {
      at: this.now,
      input: this.inputCount,
      inputs: hidden > 0 ? [`(${hidden} more)`, ...shown] : shown,
      recorded,
      replayed,
    };
  }

  #describeAll(): string {
    return this.#outputs.map(describeOutput).join(', ') || NOTHING;
  }
}

/** `subject`: the connection, job or torrent that it is about; −1: none. */
function describeInput(kind: EntryKind, subject: number): string {
  switch (kind) {
    case 'connected':
    case 'received':
    case 'receivedPayload':
    case 'writable':
    case 'disconnected':
      return `${kind}(conn ${subject})`;
    case 'blockRead':
    case 'pieceHashed':
    case 'blocksHashed':
    case 'blocksWritten':
    case 'synced':
    case 'piecesChecked':
    case 'resumeSaved':
    case 'announced':
    case 'torrentOpened':
    case 'scraped':
      return `${kind}(job ${subject})`;
    case 'add':
    case 'command':
    case 'tick':
    case 'created':
    case 'drained':
    case 'threw':
      return kind;
  }
}
