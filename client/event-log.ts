// The log: the engine's events at the six levels of the project's notes, for people on stderr and as JSON lines in a file.
//
// fatal: about to crash; error: a task failed; warn: recovered from; info: status that matters at run time; debug: variables and
// decisions; trace: "I am here".

import { closeSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pino, type DestinationStream, type Level, type Logger, type StreamEntry } from 'pino';
import type PinoPretty from 'pino-pretty';
import type { EventName, TorrentId } from '#engine';
import { eventLevel } from './event-level.ts';
import { eventText } from './event-text.ts';
import { trackerText } from './tracker-text.ts';

export interface LogOptions {
  /** Least level on stderr; null: nothing is written there. */
  readonly level: Level | null;
  /** Appended to, as JSON lines; null: no file. */
  readonly file: string | null;
  /** Least level in the file; by default info, or `level` where that is lower. */
  readonly fileLevel?: Level;
  /** Called before each line on a stderr that is a terminal: a line that is being redrawn there gives way. */
  readonly clearLine: () => void;
}

export class EventLog {
  readonly log: Logger;
  readonly #file: number | null;

  /** Throws the system's error where the file cannot be opened. */
  constructor(options: LogOptions) {
    this.#file = options.file === null ? null : openSync(options.file, 'a');
    this.log = makeLogger(options, this.#file);
  }

  /** Nothing may be logged any more. */
  close(): void {
    if (this.#file !== null) closeSync(this.#file);
  }

  /** Logs an engine event; costs next to nothing where its level is not logged. `torrent`: the engine's number, or what people know it by. */
  event(name: EventName, torrent: TorrentId | string, a: number, b: number): void {
    const level = eventLevel(name);
    if (this.log.isLevelEnabled(level)) this.log[level]({ event: name, torrent, a, b }, eventText(name, a, b));
  }

  /** See `trackerText`. */
  trackerFailed(url: string, reason: string): void {
    this.log.warn(trackerText(url, reason));
  }
}

function makeLogger(options: LogOptions, file: number | null): Logger {
  const { level, clearLine, fileLevel = fileLevelBeside(level) } = options;
  const streams: StreamEntry[] = level === null ? [] : [{ level, stream: terminalStream(clearLine) }];
  if (file !== null) streams.push({ level: fileLevel, stream: fileStream(file) });
  return pino({ level: file === null ? (level ?? 'silent') : fileLevel, base: null }, pino.multistream(streams));
}

function fileLevelBeside(level: Level | null): Level {
  return level === 'debug' || level === 'trace' ? level : 'info';
}

/** Each line is written at once, so that a crash loses none. One that cannot be written is lost: no torrent stops for the log. */
function fileStream(file: number): DestinationStream {
  /** The last line was cut off: the next begins on a line of its own. */
  let cut = false;
  return {
    write: (line) => {
      const bytes = Buffer.from(cut ? `\n${line}` : line);
      try {
        cut = writeSync(file, bytes) < bytes.length;
      } catch {
        // The disk is full, or gone.
      }
    },
  };
}

/** Readable lines; written at once, so that a crash loses none. The formatter is loaded with the first line: most runs log nothing. */
function terminalStream(clearLine: () => void): DestinationStream {
  let lines: DestinationStream | null = null;
  return {
    write: (line) => {
      lines ??= prettyStream();
      if (process.stderr.isTTY) clearLine();
      lines.write(line);
    },
  };
}

function prettyStream(): DestinationStream {
  const pretty = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  // https://no-color.org: set and not empty means no colour.
  const colorize = process.stderr.isTTY && !process.env['NO_COLOR'];
  return pretty({ destination: 2, sync: true, colorize, ignore: 'event,torrent,a,b' });
}
