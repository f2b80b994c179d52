// Watches a swarm and keeps what a report shows, sampled on a grid of virtual time. It schedules nothing, draws nothing and asks the engines
// only questions: a run that is watched has the digest of one that is not.
//
// A sample is taken when the first event at or after its instant comes, before that event counts. When there are too many, every second one
// is dropped and the grid becomes twice as wide, so that the record is bounded however long a run lasts.

import { type EventName, EVENTS, type TorrentId } from '#engine';
import { ByteWriter } from './byte-writer.ts';
import { hasBit } from './invariants.ts';
import type { EventRecord, NodeRecord, RunRecord, Series } from './run-record.ts';
import type { SimNode } from './sim-node.ts';
import type { Swarm } from './swarm.ts';
import { ToggleLog } from './toggle-log.ts';

/** Intervals of the grid, at most. */
const INTERVALS_MAX = 600;
const FIRST_INTERVAL_US = 10_000;
/** Nodes recorded one by one, and cells of the map of peers and pieces: both bound the page, not the run. */
const PLACES_MAX = 1024;
const PLACES_MIN = 50;
const CELLS_MAX = 1_000_000;
/** Events of one name that are kept. */
const EVENTS_OF_A_NAME_MAX = 100;
const KIB = 1024;
const SECOND_US = 1_000_000;

/** What is told one by one; all else is only counted. */
const TOLD = new Set<EventName>([
  'checkFinished',
  'downloadCompleted',
  'torrentFailed',
  'torrentRecovered',
  'stopped',
  'peerFault',
  'peerBanned',
  'peerEvicted',
  'connectionRefused',
  'peerSnubbed',
  'requestTimedOut',
  'endGameEntered',
  'pieceFailed',
  'paroleStarted',
  'parolePassed',
  'paroleFailed',
  'blameAssigned',
  'announceFailed',
  'trackerPromoted',
  'trackerSilent',
  'diskFailed',
  'diskFull',
  'diskRecovered',
]);

/** After these an engine may have other pieces than were seen to come one by one. */
const UNSEEN_CHANGE = new Set<EventName>([
  'torrentAdded',
  'torrentRemoved',
  'checkStarted',
  'checkFinished',
  'stateChanged',
  'torrentFailed',
  'torrentRecovered',
  'diskFailed',
  'diskRecovered',
]);

/** What is known of a node. */
interface Watched {
  readonly node: SimNode;
  readonly have: Uint8Array;
  readonly presenceS: number[];
  running: boolean;
  /** The engine is to be asked for its pieces. */
  stale: boolean;
  downloadedBytes: number;
  uploadedBytes: number;
}

/** The world at one instant: a value of each series, and the bytes of each node by its place. */
type Sample = { readonly [S in keyof Series]: number } & {
  readonly downloaded: Float64Array;
  readonly uploaded: Float64Array;
};

type Recorded = Pick<
  RunRecord,
  | 'nodes'
  | 'intervalS'
  | 'sampleCount'
  | 'series'
  | 'pieces'
  | 'unchoked'
  | 'placesMax'
  | 'downloadedKiB'
  | 'uploadedKiB'
  | 'events'
>;

export class Recorder {
  readonly #swarm: Swarm;
  readonly #pieceCount: number;
  readonly #placesMax: number;
  readonly #watched: Watched[] = [];
  /** By the index of a node: its place in `#watched`. */
  readonly #places = new Map<number, number>();
  readonly #pieces = new ToggleLog();
  readonly #slots = new ToggleLog();
  /** By cell of `#slots`: the connections that are unchoked, and whether as the optimistic one. A peer that crashed may have come back on a
   *  second one. At most as many as all nodes have slots. */
  readonly #unchoked = new Map<number, Map<number, boolean>>();
  /** By piece: honest nodes that run and have it. */
  readonly #copies: Int32Array;
  readonly #events: EventRecord[] = [];
  readonly #told = new Map<EventName, number>();
  #samples: Sample[] = [];
  #intervalUs = FIRST_INTERVAL_US;
  #nextUs = 0;
  #deliveredBytes = 0;

  /** To be made before anyone joins. */
  constructor(swarm: Swarm) {
    this.#swarm = swarm;
    this.#pieceCount = swarm.contents.geometry.pieceCount;
    const fitting = Math.floor(CELLS_MAX / Math.max(1, this.#pieceCount));
    this.#placesMax = Math.min(PLACES_MAX, Math.max(PLACES_MIN, fitting));
    this.#copies = new Int32Array(this.#pieceCount);
  }

  /** An engine said that something happened. */
  happened(node: SimNode, name: EventName, torrent: TorrentId, a: number, b: number): void {
    this.#advance();
    const place = this.#placeOf(node);
    this.#setRunning(place, name !== 'stopped');
    if (TOLD.has(name)) this.#tell(node, name, a, b);
    if (node.stores[torrent]?.contents !== this.#swarm.contents) return;
    if (name === 'pieceVerified') this.#setPiece(place, a, true);
    else if (name === 'unchoked') this.#unchoke(node, a, b === 1);
    else if (name === 'choked' || name === 'peerClosed') this.#choke(node, a);
    else if (UNSEEN_CHANGE.has(name)) (this.#watched[place] as Watched).stale = true;
  }

  /** Payload arrived. */
  received(from: SimNode | null, to: SimNode, lengthBytes: number): void {
    this.#advance();
    this.#deliveredBytes += lengthBytes;
    (this.#watched[this.#placeOf(to)] as Watched).downloadedBytes += lengthBytes;
    if (from !== null) (this.#watched[this.#placeOf(from)] as Watched).uploadedBytes += lengthBytes;
  }

  /** A node is about to lose its engine without a word of it. */
  crashing(node: SimNode): void {
    this.#advance();
    this.#setRunning(this.#placeOf(node), false);
  }

  /** The end of the run: what was recorded. Nothing may happen afterwards. */
  finish(): Recorded {
    const { now } = this.#swarm.clock;
    this.#advance();
    for (const watched of this.#watched) watched.stale = true;
    if (this.#samples.length === 0 || now > (this.#samples.length - 1) * this.#intervalUs) this.#sample(now);
    const samples = this.#samples;
    const series = (name: keyof Series) => samples.map((sample) => sample[name]);
    return {
      nodes: this.#watched.slice(0, this.#placesMax).map(nodeRecord),
      intervalS: this.#intervalUs / SECOND_US,
      sampleCount: samples.length,
      series: {
        deliveredBytes: series('deliveredBytes'),
        boundBps: series('boundBps'),
        complete: series('complete'),
        running: series('running'),
        rarestCopies: series('rarestCopies'),
        meanCopies: series('meanCopies'),
      },
      pieces: this.#pieces.encode(),
      unchoked: this.#slots.encode(),
      placesMax: this.#placesMax,
      downloadedKiB: perInterval(samples.map(({ downloaded }) => downloaded)),
      uploadedKiB: perInterval(samples.map(({ uploaded }) => uploaded)),
      events: this.#events,
    };
  }

  /** Takes every sample whose instant is over. */
  #advance(): void {
    const { now } = this.#swarm.clock;
    while (this.#nextUs < now) {
      this.#sample(this.#nextUs);
      if (this.#samples.length > INTERVALS_MAX) this.#halve();
      this.#nextUs = this.#samples.length * this.#intervalUs;
    }
  }

  #sample(atUs: number): void {
    for (const node of this.#swarm.nodes) this.#placeOf(node);
    this.#watched.forEach(({ node, stale }, place) => {
      // A scripted peer says nothing of itself.
      if (!node.options.honest && node.running) this.#setRunning(place, true);
      if (stale) this.#ask(place);
    });
    if (this.#samples.length > 0) {
      this.#pieces.cut();
      this.#slots.cut();
    }
    const shown = this.#watched.slice(0, this.#placesMax);
    this.#samples.push({
      deliveredBytes: this.#deliveredBytes,
      downloaded: Float64Array.from(shown, ({ downloadedBytes }) => downloadedBytes),
      uploaded: Float64Array.from(shown, ({ uploadedBytes }) => uploadedBytes),
      ...this.#sums(atUs),
      rarestCopies: this.#copies.reduce((least, copies) => Math.min(least, copies), this.#copies[0] ?? 0),
      meanCopies: round(this.#copies.reduce((sum, copies) => sum + copies, 0) / Math.max(1, this.#pieceCount)),
    });
  }

  /** Drops every second sample, from the second on. */
  #halve(): void {
    this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
    this.#pieces.halve();
    this.#slots.halve();
    this.#intervalUs *= 2;
  }

  #sums(atUs: number): { boundBps: number; complete: number; running: number } {
    let [upBps, downBps, complete, runningCount] = [0, 0, 0, 0];
    for (const { node, running } of this.#watched) {
      const { link, seed, honest } = node.options;
      const done = node.completedAt !== null && node.completedAt <= atUs;
      if (running) upBps += link.upBps;
      if (seed) continue;
      if (running && !done) downBps += link.downBps;
      if (!honest) continue;
      if (done) complete += 1;
      if (running) runningCount += 1;
    }
    return { boundBps: Math.min(upBps, downBps), complete, running: runningCount };
  }

  #placeOf(node: SimNode): number {
    let place = this.#places.get(node.index);
    if (place === undefined) {
      place = this.#watched.length;
      this.#places.set(node.index, place);
      const have = new Uint8Array(Math.ceil(this.#pieceCount / 8));
      this.#watched.push({
        node,
        have,
        presenceS: [],
        running: false,
        stale: false,
        downloadedBytes: 0,
        uploadedBytes: 0,
      });
    }
    return place;
  }

  #setRunning(place: number, running: boolean): void {
    const watched = this.#watched[place] as Watched;
    if (watched.running === running) return;
    watched.running = running;
    watched.presenceS.push(this.#swarm.nowS);
    if (watched.node.options.honest)
      for (let piece = 0; piece < this.#pieceCount; piece += 1)
        if (hasBit(watched.have, piece)) this.#copies[piece] = (this.#copies[piece] as number) + (running ? 1 : -1);
    if (running) return;
    for (const cell of this.#unchoked.keys())
      if (Math.floor(cell / this.#placesMax) === place) this.#setSlots(cell, new Map());
  }

  #setPiece(place: number, piece: number, has: boolean): void {
    const { node, have, running } = this.#watched[place] as Watched;
    if (hasBit(have, piece) === has) return;
    have[piece >> 3] = (have[piece >> 3] as number) ^ (0x80 >> (piece & 7));
    if (place < this.#placesMax) this.#pieces.toggle(place * this.#pieceCount + piece);
    if (running && node.options.honest) this.#copies[piece] = (this.#copies[piece] as number) + (has ? 1 : -1);
  }

  /** Takes over what the engine says that it has. */
  #ask(place: number): void {
    const watched = this.#watched[place] as Watched;
    const { node } = watched;
    const torrent = node.stores.findIndex((store) => store?.contents === this.#swarm.contents);
    const status = node.engine?.status(torrent) ?? null;
    if (status === null) return;
    watched.stale = false;
    for (let piece = 0; piece < this.#pieceCount; piece += 1) this.#setPiece(place, piece, hasBit(status.have, piece));
  }

  /** Who is unchoked over a connection, as a cell of `#slots`; null where one of the two is not recorded. */
  #cellOf(node: SimNode, conn: number): number | null {
    const other = this.#swarm.other(node, conn);
    if (other === null) return null;
    const [from, to] = [this.#placeOf(node), this.#placeOf(other)];
    return from < this.#placesMax && to < this.#placesMax ? from * this.#placesMax + to : null;
  }

  #unchoke(node: SimNode, conn: number, optimistic: boolean): void {
    const cell = this.#cellOf(node, conn);
    if (cell !== null) this.#setSlots(cell, new Map(this.#unchoked.get(cell)).set(conn, optimistic));
  }

  #choke(node: SimNode, conn: number): void {
    const cell = this.#cellOf(node, conn);
    const conns = cell === null ? undefined : this.#unchoked.get(cell);
    if (conns?.has(conn)) this.#setSlots(cell as number, new Map([...conns].filter(([other]) => other !== conn)));
  }

  #setSlots(cell: number, conns: Map<number, boolean>): void {
    const before = [...(this.#unchoked.get(cell)?.values() ?? [])];
    const after = [...conns.values()];
    if (after.length > 0) this.#unchoked.set(cell, conns);
    else this.#unchoked.delete(cell);
    if (before.length > 0 !== after.length > 0) this.#slots.toggle(cell);
    if (before.includes(true) !== after.includes(true)) this.#slots.toggle(cell + this.#placesMax ** 2);
  }

  #tell(node: SimNode, name: EventName, a: number, b: number): void {
    const told = this.#told.get(name) ?? 0;
    this.#told.set(name, told + 1);
    if (told >= EVENTS_OF_A_NAME_MAX) return;
    const meaning = EVENTS[name];
    this.#events.push({
      atS: this.#swarm.nowS,
      name,
      node: node.index,
      other: /^a: conn\b/.test(meaning) ? (this.#swarm.other(node, a)?.index ?? null) : null,
      piece: /^a: piece\b/.test(meaning) ? a : /\bb: piece\b/.test(meaning) ? b : null,
    });
  }
}

function nodeRecord(watched: Watched): NodeRecord {
  const { node, presenceS, downloadedBytes, uploadedBytes } = watched;
  const { link, seed, honest, reachable, settings } = node.options;
  return {
    index: node.index,
    kind: honest ? (seed ? 'seed' : 'leecher') : 'adversary',
    upBps: link.upBps,
    downBps: link.downBps,
    roundTripMs: (link.latencyUs * 4) / 1000,
    lossPercent: link.lossPerMillion / 5000,
    reachable,
    joinedAtS: secondsOf(node.joinedAt),
    completedAtS: secondsOf(node.completedAt),
    leftAtS: secondsOf(node.stoppedAt),
    presenceS,
    downloadedBytes,
    uploadedBytes,
    settings,
  };
}

/** Growth of each column from row to row, in whole KiB of which none is lost; a column that a row lacks is 0 there. */
function perInterval(rows: readonly Float64Array[]): string {
  const writer = new ByteWriter();
  const kibAt = (row: number, place: number) => Math.floor((rows[row]?.[place] ?? 0) / KIB);
  for (let place = 0; place < (rows.at(-1)?.length ?? 0); place += 1)
    for (let row = 1; row < rows.length; row += 1) writer.integer(kibAt(row, place) - kibAt(row - 1, place));
  return writer.base64();
}

function secondsOf(instant: number | null): number | null {
  return instant === null ? null : instant / SECOND_US;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
