// A swarm in rounds, as the theory of optimal schedules has it: in each round a node sends one piece to one other, and receives one at most.
//
// The leechers are real engines, and what they ask for is theirs to decide; their peers are played here. Who sends to whom is drawn, among
// those that lack something: a matching in place of the choker, whose rounds are seconds. Nobody waits for a line, so a round is all there is.

import {
  createEngine,
  DEFAULT_SETTINGS,
  type Engine,
  HANDSHAKE_BYTES,
  type JobId,
  messages,
  type Payload,
  type Settings,
  type Sink,
  type TorrentId,
  writeHandshake,
} from '#engine';
import { Random } from '#harness';
import { TorrentContents } from '../torrent-contents.ts';

const PIECE_KIB = 16;
const ROUND_US = 1_000;

export interface SlottedOptions {
  readonly seed: number;
  readonly leechers: number;
  readonly pieces: number;
  readonly order: Settings['pieceOrder'];
}

/** Rounds until every leecher has every piece. */
export function roundsNeeded({ seed, leechers, pieces, order }: SlottedOptions): number {
  const random = new Random(seed);
  const contents = new TorrentContents(random.fork('contents'), {
    sizeMiB: (pieces * PIECE_KIB) / 1024,
    pieceKiB: PIECE_KIB,
  });
  const matching = random.fork('matching');
  // Node 0 is the server.
  const nodes = Array.from(
    { length: leechers + 1 },
    (_, index) => new SlottedNode(index, leechers + 1, contents, random.fork(`node ${index}`), order),
  );
  for (let round = 0; ; round += 1) {
    if (nodes.every(({ count }) => count === pieces)) return round;
    const waiting = new Set(nodes);
    const sent: { readonly from: SlottedNode; readonly to: SlottedNode; readonly piece: number }[] = [];
    for (const from of [nodes[0] as SlottedNode, ...matching.shuffle(nodes.slice(1))]) {
      const wanting = [...waiting].filter((to) => to !== from && to.lacksOf(from));
      if (wanting.length === 0) continue;
      const to = matching.pick(wanting);
      const piece = to.offered(from.index);
      if (piece === null) continue;
      waiting.delete(to);
      sent.push({ from, to, piece });
    }
    if (sent.length === 0) throw new Error(`round ${round}: nobody sends, though not all are complete`);
    for (const { from, to, piece } of sent) to.receives(from.index, piece);
    for (const { to, piece } of sent) for (const node of nodes) if (node !== to) node.hears(to.index, piece);
  }
}

class SlottedNode implements Sink {
  readonly index: number;
  /** One byte a piece. */
  readonly has: Uint8Array;
  count = 0;
  readonly #contents: TorrentContents;
  readonly #engine: Engine;
  #now = 0;
  #requested: number | null = null;
  readonly #answers: (() => void)[] = [];

  constructor(
    index: number,
    nodes: number,
    contents: TorrentContents,
    random: Random,
    pieceOrder: Settings['pieceOrder'],
  ) {
    this.index = index;
    this.#contents = contents;
    const { pieceCount } = contents.geometry;
    this.has = new Uint8Array(pieceCount);
    this.#engine = createEngine({
      random,
      settings: { ...DEFAULT_SETTINGS, pieceOrder, pipelineBlocks: 1, connectionsPerTorrentMax: nodes },
      allocateBlock: () => {
        throw new Error('no block of bytes exists in the simulated world');
      },
    });
    if (index === 0) {
      this.has.fill(1);
      this.count = pieceCount;
      return;
    }
    this.#engine.add(0, {
      metainfo: contents.metainfo,
      resume: null,
      fileLengths: [-1],
      paused: false,
      check: 'trust',
      peers: [],
      useTrackers: false,
    });
    for (let peer = 0; peer < nodes; peer += 1) if (peer !== index) this.#meets(peer);
  }

  /** Whether the other has something that this one lacks. */
  lacksOf(other: SlottedNode): boolean {
    return this.count < this.has.length && other.has.some((held, piece) => held > (this.has[piece] as number));
  }

  /** A peer has its uplink free for this node: what the engine asks for, null = nothing. The slot ends with one request. */
  offered(peer: number): number | null {
    this.#requested = null;
    this.#says(peer, messages.BARE_BYTES, (out) => messages.writeUnchoke(out, 0));
    this.#says(peer, messages.BARE_BYTES, (out) => messages.writeChoke(out, 0));
    return this.#requested;
  }

  /** The piece that it asked that peer for is here. */
  receives(peer: number, piece: number): void {
    this.#now += ROUND_US;
    this.#says(peer, messages.PIECE_HEADER_BYTES, (out) =>
      messages.writePieceHeader(out, 0, piece, 0, PIECE_KIB * 1024),
    );
    this.#engine.receivedPayload(this.#now, connOf(peer), this.#contents.stamp(piece), PIECE_KIB * 1024);
    this.#settle();
  }

  /** A peer says that it has one piece more. */
  hears(peer: number, piece: number): void {
    if (this.count < this.has.length) this.#says(peer, messages.HAVE_BYTES, (out) => messages.writeHave(out, 0, piece));
  }

  #meets(peer: number): void {
    const peerId = new Uint8Array(20).fill(peer + 1);
    const { infoHash } = this.#contents.metainfo;
    this.#engine.connected(0, connOf(peer), { host: `10.0.0.${peer + 1}`, port: 6881 }, false);
    this.#says(peer, HANDSHAKE_BYTES, (out) => writeHandshake(out, 0, infoHash, peerId));
    this.#says(peer, messages.BARE_BYTES, (out) =>
      (peer === 0 ? messages.writeHaveAll : messages.writeHaveNone)(out, 0),
    );
  }

  #says(peer: number, lengthBytes: number, write: (out: Uint8Array) => void): void {
    const bytes = new Uint8Array(lengthBytes);
    write(bytes);
    this.#engine.received(this.#now, connOf(peer), bytes);
    this.#settle();
  }

  #settle(): void {
    this.#engine.drain(this);
    for (let answer = this.#answers.shift(); answer !== undefined; answer = this.#answers.shift()) {
      answer();
      this.#engine.drain(this);
    }
  }

  // ── the Sink: what the engine says is read for requests, its jobs are answered at once ──

  send(_conn: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (
      let at = bytes[0] === 19 ? HANDSHAKE_BYTES : 0;
      at < bytes.length;
      at += messages.LENGTH_PREFIX_BYTES + view.getUint32(at)
    )
      if (view.getUint32(at) > 0 && view.getUint8(at + messages.LENGTH_PREFIX_BYTES) === messages.REQUEST)
        this.#requested = view.getUint32(at + messages.LENGTH_PREFIX_BYTES + 1);
  }

  hashPiece(job: JobId, _torrent: TorrentId, piece: number, _blocks: readonly (Payload | null)[]): void {
    this.has[piece] = 1;
    this.count += 1;
    this.#answers.push(() => this.#engine.pieceHashed(this.#now, job, this.#contents.hashOf(piece)));
  }

  writeBlocks(job: JobId): void {
    this.#answers.push(() => this.#engine.blocksWritten(this.#now, job, null));
  }

  sync(job: JobId): void {
    this.#answers.push(() => this.#engine.synced(this.#now, job, null));
  }

  saveResume(job: JobId): void {
    this.#answers.push(() => this.#engine.resumeSaved(this.#now, job, null));
  }

  dial(): void {}
  sendPayload(): void {}
  setReading(): void {}
  close(): void {}
  readBlock(): void {}
  hashBlocks(): void {}
  checkPieces(): void {}
  announce(): void {}
  openTorrent(): void {}

  scrape(): void {}
  event(): void {}
}

/** Every peer of an engine came to it. */
function connOf(peer: number): number {
  return 2 * peer + 1;
}
