// The log: the engine's events at the six levels of the project's notes, for people on stderr and as JSON lines in a file.
//
// fatal: about to crash; error: a task failed; warn: recovered from; info: status that matters at run time; debug: variables and
// decisions; trace: "I am here".

import { createRequire } from 'node:module';
import { pino, type DestinationStream, type Level, type Logger, type StreamEntry } from 'pino';
import type PinoPretty from 'pino-pretty';
import { eventMeaning, type EventName, type TorrentId } from '#engine';
import { printable } from '#harness/untrusted-text';

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

/** Everything not named is trace: what happens for each block, piece or request. A failed announce is warned of in `trackerFailed`, where
 *  its reason is known. */
const EVENT_LEVELS: Readonly<Partial<Record<EventName, Level>>> = {
  torrentFailed: 'error',
  diskFailed: 'error',
  diskFull: 'error',
  torrentRecovered: 'warn',
  diskRecovered: 'warn',
  pieceFailed: 'warn',
  metadataFailed: 'warn',
  peerBanned: 'warn',
  torrentAdded: 'info',
  torrentRemoved: 'info',
  metadataVerified: 'info',
  checkStarted: 'info',
  checkFinished: 'info',
  downloadCompleted: 'info',
  paused: 'info',
  resumed: 'info',
  stopped: 'info',
  networkChanged: 'info',
  announced: 'debug',
  announceFailed: 'debug',
  announceSent: 'debug',
  trackerPromoted: 'debug',
  trackerSilent: 'debug',
  scrapeSent: 'debug',
  scraped: 'debug',
  scrapeFailed: 'debug',
  stateChanged: 'debug',
  resumeDataSaved: 'debug',
  peerConnected: 'debug',
  peerClosed: 'debug',
  peerFault: 'debug',
  peerIsSeed: 'debug',
  seedDisconnected: 'debug',
  selfConnection: 'debug',
  duplicatePeer: 'debug',
  connectionRefused: 'debug',
  dialFailed: 'debug',
  peerEvicted: 'debug',
  metadataRejected: 'debug',
  metadataTimedOut: 'debug',
  metadataMalformed: 'debug',
  metadataRefused: 'debug',
  peerSnubbed: 'debug',
  peerUnsnubbed: 'debug',
  requestTimedOut: 'debug',
  endGameEntered: 'debug',
  endGameLeft: 'debug',
  paroleStarted: 'debug',
  parolePassed: 'debug',
  paroleFailed: 'debug',
  blameAssigned: 'debug',
  choked: 'debug',
  unchoked: 'debug',
};

export function eventLevel(name: EventName): Level {
  return EVENT_LEVELS[name] ?? 'trace';
}

/** The line of an event, for people. */
export function eventText(name: EventName, a: number, b: number): string {
  const meaning = eventMeaning(name, a, b);
  return meaning === '' ? name : `${name} (${meaning})`;
}

/** Shorter words of a tracker's URL are no passkeys, and may be words of a sentence (`announce`). */
const SECRET_LENGTH_MIN = 12;

export class EventLog {
  readonly log: Logger;

  constructor(options: LogOptions) {
    this.log = makeLogger(options);
  }

  /** Logs an engine event; costs next to nothing where its level is not logged. */
  event(name: EventName, torrent: TorrentId, a: number, b: number): void {
    const level = eventLevel(name);
    if (this.log.isLevelEnabled(level)) this.log[level]({ event: name, torrent, a, b }, eventText(name, a, b));
  }

  /** See `trackerText`. */
  trackerFailed(url: string, reason: string): void {
    this.log.warn(trackerText(url, reason));
  }
}

/** A line about a failed announce. `reason`: untrusted. Of the URL only scheme and host are named: the rest may hold the user's passkey, which
 *  is taken out of the reason too: trackers like to repeat it. */
export function trackerText(url: string, reason: string): string {
  const tracker = /^([a-z]+:\/\/)(?:[^/?#]*@)?([^/?#]*)(.*)$/is.exec(url);
  const name = tracker === null ? 'of unreadable URL' : `${tracker[1]}${tracker[2]}`;
  const secrets = (tracker?.[3] ?? '').split(/[^A-Za-z0-9_-]+/).filter((word) => word.length >= SECRET_LENGTH_MIN);
  const said = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), reason);
  return `tracker ${printable(name)}: ${printable(said)}`;
}

function makeLogger({ level, file, clearLine, fileLevel = fileLevelBeside(level) }: LogOptions): Logger {
  const streams: StreamEntry[] = level === null ? [] : [{ level, stream: terminalStream(clearLine) }];
  if (file !== null) streams.push({ level: fileLevel, stream: pino.destination({ dest: file, sync: true }) });
  return pino({ level: file === null ? (level ?? 'silent') : fileLevel, base: null }, pino.multistream(streams));
}

function fileLevelBeside(level: Level | null): Level {
  return level === 'debug' || level === 'trace' ? level : 'info';
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
