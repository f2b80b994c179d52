// `starling sim replay`: runs a journal again, of a real download or of a simulated node, checks every output against the recorded one, and
// shows the engine as it stood at an instant.

import { readFileSync, statSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import {
  type Divergence,
  ENGINE_BUILD,
  eventMeaning,
  Replay,
  ReplayError,
  type ReplayOptions as EngineReplayOptions,
  type TorrentInspection,
} from '#engine';
import { jsonLine, printable, Random } from '#harness';
import { JournalError, JournalReader, type JournalValue } from '#harness/journal';
import { UsageError } from './arguments.ts';
import { inspectionLines } from './inspection-text.ts';
import { EXIT_FAILED, EXIT_OK, type SimOutput } from './output.ts';

interface ReplayOptions {
  /** Microseconds on the recorded clock; Infinity = the end. */
  readonly at?: number;
  readonly events: boolean;
  readonly json: boolean;
  readonly force: boolean;
}

/** What a replay showed. */
interface Verdict {
  readonly build: string;
  readonly about: { readonly [name: string]: JournalValue };
  readonly ok: boolean;
  readonly inputs: number;
  readonly outputs: number;
  readonly engines: number;
  readonly fromS: number;
  readonly toS: number;
  readonly wallS: number;
  readonly divergence: Divergence | null;
  /** The law that the engine broke, as it did when it was recorded. */
  readonly broke: string | null;
  /** What is wrong with the file behind what was replayed. */
  readonly cut: string | null;
  readonly damage: string | null;
  /** With `--at`, else null. */
  readonly torrents: readonly TorrentInspection[] | null;
}

const MICROSECONDS = 1_000_000;

export function addReplay(program: Command, output: SimOutput, exit: (code: number) => void): void {
  program
    .command('replay <FILE>')
    .description('runs a journal again, checks every output, shows the engine at an instant')
    .option(
      '--at <seconds>',
      'shows pieces, peers, queues and reasons at this time of the recorded clock, or "end"',
      instant,
    )
    .option('--events', 'names everything that happened, with its time', false)
    .option('--json', 'one JSON object, and one an event', false)
    .option('--force', 'also where another engine was recorded', false)
    .action((path: string, options: ReplayOptions) => {
      exit(replayFile(path, options, output) ? EXIT_OK : EXIT_FAILED);
    });
}

function instant(text: string): number {
  if (text === 'end') return Infinity;
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text))
    throw new InvalidArgumentError('seconds, such as 12.5, or "end" are needed.');
  return Math.round(Number(text) * MICROSECONDS);
}

/** True when every output was as recorded and no law was broken. */
function replayFile(path: string, options: ReplayOptions, output: SimOutput): boolean {
  try {
    const reader = new JournalReader(readJournal(path));
    const { build } = reader.header;
    if (build !== ENGINE_BUILD && !options.force) {
      output.err(`${path}: recorded by another engine (${printable(build)}; this is ${ENGINE_BUILD}).`);
      output.err('  Replay it with the build that recorded it, or with --force, to see where they part.');
      return false;
    }
    const verdict = replay(reader, options, output);
    if (options.json) output.out(jsonLine(JSON.parse(JSON.stringify(verdict, plain))).trimEnd());
    else textOf(path, verdict).forEach(output.out);
    return verdict.ok;
  } catch (error) {
    if (error instanceof JournalError || error instanceof ReplayError) {
      output.err(`${path}: ${error.message}`);
      return false;
    }
    if (error instanceof Error && 'code' in error) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}

/** The file or pipe at `path`; a device may have no end. Throws `JournalError`, or the system's error. */
function readJournal(path: string): Uint8Array {
  const found = statSync(path);
  if (found.isCharacterDevice() || found.isBlockDevice()) throw new JournalError('not a journal: a device');
  return readFileSync(path);
}

function replay(reader: JournalReader, { at, events, json }: ReplayOptions, output: SimOutput): Verdict {
  const started = performance.now();
  const explain = at !== undefined;
  const show = json ? eventJson : eventText;
  const heard = (...event: HeardEvent) => output.out(show(...event));
  const run = new Replay(reader, { random: (seed) => new Random(seed), explain, ...(events ? { heard } : {}) });
  run.run(at ?? Infinity);
  const wallS = (performance.now() - started) / 1000;
  const { cut, damage, header } = reader;
  const { divergence, broke, engine } = run;
  return {
    ...header,
    ok: divergence === null && broke === null && damage === null,
    inputs: run.inputCount,
    outputs: run.outputCount,
    engines: run.engineCount,
    fromS: (run.startedAt ?? 0) / MICROSECONDS,
    toS: run.now / MICROSECONDS,
    wallS: Number(wallS.toFixed(3)),
    divergence,
    broke,
    cut,
    damage,
    torrents: explain ? [...run.torrents].flatMap((torrent) => engine?.inspect(torrent) ?? []) : null,
  };
}

function textOf(path: string, verdict: Verdict): string[] {
  const { about, build, divergence, broke, cut, damage, inputs, outputs, engines, fromS, toS, wallS } = verdict;
  const another = build === ENGINE_BUILD ? '' : `, not this one (${ENGINE_BUILD})`;
  const lives = engines > 1 ? `, ${engines} engines one after another` : '';
  const lines = [
    `journal   ${path}`,
    ...Object.entries(about).map(([name, value]) => `${printable(name).padEnd(10)}${printable(textOfValue(value))}`),
    `engine    ${printable(build)}${another}`,
    `replayed  ${inputs} inputs, ${outputs} outputs${lives}, ${fromS.toFixed(3)} … ${toS.toFixed(3)} s, in ${wallS.toFixed(2)} s`,
  ];
  if (divergence !== null) lines.push(...divergenceLines(divergence));
  else if (broke !== null) lines.push(`verdict   the engine breaks a law of its own, as recorded: ${printable(broke)}`);
  else lines.push('verdict   every output is as recorded');
  if (cut !== null) lines.push(`note      ${cut}`);
  if (damage !== null) lines.push(`damaged   ${damage}; what stands before it was replayed`);
  for (const torrent of verdict.torrents ?? []) lines.push('', ...inspectionLines(torrent, toS * MICROSECONDS));
  if (verdict.torrents?.length === 0) lines.push('', 'no torrent is here at this time');
  return lines;
}

function divergenceLines({ at, input, inputs, recorded, replayed }: Divergence): string[] {
  return [
    `verdict   DIFFERS at ${(at / MICROSECONDS).toFixed(6)} s, after input ${input}: ${inputs.join(', ')}`,
    `  recorded  ${printable(recorded)}`,
    `  replayed  ${printable(replayed)}`,
  ];
}

type HeardEvent = Parameters<NonNullable<EngineReplayOptions['heard']>>;

function eventText(...[at, name, torrent, a, b]: HeardEvent): string {
  const place = torrent === -1 ? '' : ` torrent ${torrent}`;
  const meaning = eventMeaning(name, a, b);
  return `${(at / MICROSECONDS).toFixed(6).padStart(14)} s  ${name.padEnd(18)}${place}${meaning === '' ? '' : `  ${meaning}`}`;
}

function eventJson(...[at, event, torrent, a, b]: HeardEvent): string {
  return JSON.stringify({ atS: at / MICROSECONDS, event, torrent, a, b });
}

function textOfValue(value: JournalValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value, plain);
}

/** Bytes as hexadecimal digits. */
function plain(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
