// A tracker's UDP side in the simulated world (BEP 15): connection ids that expire, answers that fit the question, and what goes wrong on
// purpose. Who is known and what is answered are `sim-tracker.ts`'s books.
//
// Its own reading and writing of the packets, apart from the engine's, so that a mistake there is not repeated here.

import type { AnnounceEvent, AnnounceRequest, PeerAddress } from '#engine';
import type { Clock, Random } from '#harness';
import { type Asked, familyOf, type SimTracker, type UdpOptions } from './sim-tracker.ts';

/** Where its answers and its forgeries go. */
export interface UdpWorld {
  /** From the tracker's endpoint `from` to the node. */
  sendDatagram(from: number, to: number, bytes: Uint8Array): void;
  /** The address of a node in that family. */
  addressOf(node: number, family: 4 | 6): PeerAddress;
}

/** One address of the tracker. */
export interface UdpEndpoint {
  /** Its number in the network. */
  readonly index: number;
  readonly address: PeerAddress;
}

const PROTOCOL_ID = 0x41727101980n;
const EVENTS: readonly AnnounceEvent[] = ['', 'completed', 'started', 'stopped'];
const CONNECT = 0;
const ANNOUNCE = 1;
const SCRAPE = 2;
const ERROR = 3;
const HASH_BYTES = 20;
/** A peer that is nobody: what a forged answer names. */
export const FORGED_HOST: Readonly<Record<4 | 6, string>> = { 4: '203.0.113.66', 6: '2001:db8::66' };
/** Bytes of FORGED_HOST and a port. */
const FORGED_PEER: Readonly<Record<4 | 6, readonly number[]>> = {
  4: [203, 0, 113, 66, 0x1a, 0xe1],
  6: [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x66, 0x1a, 0xe1],
};

export class SimUdpTracker {
  readonly endpoints: readonly UdpEndpoint[];
  /** When each connect request came in, by node. */
  readonly connects: { readonly at: number; readonly node: number; readonly to: number }[] = [];
  /** When requests were answered by an error, and which. */
  readonly refusals: { readonly at: number; readonly transaction: string }[] = [];
  /** Requests under an id that was too old, and that was never given to that node. */
  oldIds = 0;
  wrongIds = 0;
  forgeries = 0;
  readonly #books: SimTracker;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #world: UdpWorld;
  /** When an id was given, by endpoint, node and id. */
  readonly #ids = new Map<string, number>();
  /** Answers by endpoint, node and transaction: a request that comes again is not news. */
  readonly #answers = new Map<string, Uint8Array>();
  /** What a transaction asks for, by the same. */
  readonly #asked = new Map<string, Asked>();

  constructor(
    books: SimTracker,
    endpoints: readonly UdpEndpoint[],
    world: UdpWorld,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
  ) {
    this.#books = books;
    this.endpoints = endpoints;
    this.#world = world;
    this.#clock = clock;
    this.#random = random;
  }

  get #options(): UdpOptions {
    return this.#books.options.udp;
  }

  /** Forgets every connection id, as after a restart. */
  restart(): void {
    this.#ids.clear();
  }

  /** A node sends a request to its endpoint `to`, for the first time or again; one announce takes the place of another. `bytes`: borrowed. */
  sending(to: number, node: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint32(8) !== ANNOUNCE) return;
    const name = `${to} ${node} ${view.getUint32(12)}`;
    if (!this.#asked.has(name)) this.#asked.set(name, this.#books.asked[node] as Asked);
  }

  /** `bytes`: borrowed. */
  received(endpoint: UdpEndpoint, node: number, bytes: Uint8Array): void {
    if (bytes.length < 16) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const action = view.getUint32(8);
    if (action === CONNECT && view.getBigUint64(0) === PROTOCOL_ID)
      this.connects.push({ at: this.#clock.now, node, to: endpoint.index });
    if (!this.#books.alive) return this.#unheard(endpoint, node, view);
    if (action === CONNECT && view.getBigUint64(0) === PROTOCOL_ID) this.#connect(endpoint, node, view.getUint32(12));
    else if (action === ANNOUNCE && bytes.length >= 98) this.#announce(endpoint, node, view);
    else if (action === SCRAPE) this.#scrape(endpoint, node, view);
  }

  #connect(endpoint: UdpEndpoint, node: number, transaction: number): void {
    const reply = answer(CONNECT, transaction, 8);
    const id = (BigInt(this.#random.uint32()) << 32n) | BigInt(this.#random.uint32());
    reply.setBigUint64(8, id);
    this.#ids.set(`${endpoint.index} ${node} ${id}`, this.#clock.now);
    this.#send(endpoint, node, reply);
  }

  /** How old the id of a request is; null: it is none, or too old, which is answered here. */
  #idAgeUs(endpoint: UdpEndpoint, node: number, view: DataView): number | null {
    const given = this.#ids.get(`${endpoint.index} ${node} ${view.getBigUint64(0)}`);
    const ageUs = given === undefined ? Infinity : this.#clock.now - given;
    if (ageUs <= this.#options.idLifetimeS * 1e6) return ageUs;
    if (given === undefined) this.wrongIds += 1;
    else this.oldIds += 1;
    if (this.#options.refusesOldIds) this.#refuse(endpoint, node, view.getUint32(12), 'connection id mismatch');
    return null;
  }

  #announce(endpoint: UdpEndpoint, node: number, view: DataView): void {
    const idAgeUs = this.#idAgeUs(endpoint, node, view);
    if (idAgeUs === null) return;
    const transaction = view.getUint32(12);
    const name = `${endpoint.index} ${node} ${transaction}`;
    const before = this.#answers.get(name);
    const request = this.#request(view);
    const fails = before === undefined && this.#books.fails();
    const family = familyOf(endpoint.address);
    const asked = this.#asked.get(name) as Asked;
    const record = { asked, at: this.#clock.now, node, request, repeated: before !== undefined, idAgeUs };
    this.#books.records.push({ ...record, heard: !fails, transaction: name, family });
    if (fails) return this.#refuse(endpoint, node, transaction, 'internal error');
    const bytes = before ?? this.#newAnswer(endpoint, node, transaction, request);
    this.#answers.set(name, bytes);
    this.#send(endpoint, node, new DataView(bytes.buffer));
  }

  #newAnswer(endpoint: UdpEndpoint, node: number, transaction: number, request: AnnounceRequest): Uint8Array {
    const family = familyOf(endpoint.address);
    const reply = this.#books.hear(node, this.#world.addressOf(node, family), request, { family });
    if (!reply.ok) throw new Error('the books always answer');
    const stride = family === 6 ? 18 : 6;
    const bytes = answer(ANNOUNCE, transaction, 12 + reply.peers.length * stride);
    bytes.setUint32(8, reply.intervalS);
    bytes.setUint32(12, reply.leechers ?? 0);
    bytes.setUint32(16, reply.seeds ?? 0);
    reply.peers.forEach((peer, index) => writePeer(bytes, 20 + index * stride, peer));
    return new Uint8Array(bytes.buffer);
  }

  #scrape(endpoint: UdpEndpoint, node: number, view: DataView): void {
    if (this.#idAgeUs(endpoint, node, view) === null) return;
    const hashCount = Math.floor((view.byteLength - 16) / HASH_BYTES);
    const { seeds, leechers, downloads } = this.#books.figures();
    this.#books.scrapeCount += 1;
    const reply = answer(SCRAPE, view.getUint32(12), hashCount * 12);
    for (let index = 0; index < hashCount; index += 1)
      [seeds, downloads, leechers].forEach((value, at) => reply.setUint32(8 + index * 12 + at * 4, value));
    this.#send(endpoint, node, reply);
  }

  /** A tracker that is silent hears nothing, but the run is judged by what it was told. */
  #unheard(endpoint: UdpEndpoint, node: number, view: DataView): void {
    if (view.getUint32(8) !== ANNOUNCE || view.byteLength < 98) return;
    const transaction = `${endpoint.index} ${node} ${view.getUint32(12)}`;
    const asked = this.#asked.get(transaction) as Asked;
    const repeated = this.#answers.has(transaction);
    const request = this.#request(view);
    const family = familyOf(endpoint.address);
    this.#books.records.push({
      asked,
      at: this.#clock.now,
      node,
      heard: false,
      request,
      repeated,
      transaction,
      family,
    });
  }

  #request(view: DataView): AnnounceRequest {
    const bytes = (at: number) => new Uint8Array(view.buffer, view.byteOffset + at, HASH_BYTES).slice();
    const big = (at: number) => Number(view.getBigUint64(at));
    return {
      torrent: 0,
      url: this.#books.options.url,
      infoHash: bytes(16),
      peerId: bytes(36),
      downloaded: big(56),
      left: big(64),
      uploaded: big(72),
      event: EVENTS[view.getUint32(80)] ?? '',
      key: view.getUint32(88),
      numwant: view.getUint32(92),
      port: view.getUint16(96),
      trackerId: null,
    };
  }

  #refuse(endpoint: UdpEndpoint, node: number, transaction: number, text: string): void {
    this.refusals.push({ at: this.#clock.now, transaction: `${endpoint.index} ${node} ${transaction}` });
    const reply = answer(ERROR, transaction, text.length);
    for (let index = 0; index < text.length; index += 1) reply.setUint8(8 + index, text.charCodeAt(index));
    this.#send(endpoint, node, reply);
  }

  /** Somebody else may be first, who can forge the address but not read the question: both a transaction id and an action are guessed. */
  #send(endpoint: UdpEndpoint, node: number, reply: DataView): void {
    if (this.#random.chance(this.#options.forgedPerMillion)) {
      this.forgeries += 1;
      const family = familyOf(endpoint.address);
      const forged = answer(ANNOUNCE, this.#random.uint32(), 12 + FORGED_PEER[family].length);
      FORGED_PEER[family].forEach((byte, at) => forged.setUint8(20 + at, byte));
      this.#world.sendDatagram(endpoint.index, node, new Uint8Array(forged.buffer));
    }
    this.#world.sendDatagram(endpoint.index, node, new Uint8Array(reply.buffer));
  }
}

/** An answer with room for `moreBytes` behind action and transaction id. */
function answer(action: number, transaction: number, moreBytes: number): DataView {
  const view = new DataView(new ArrayBuffer(8 + moreBytes));
  view.setUint32(0, action);
  view.setUint32(4, transaction);
  return view;
}

function writePeer(view: DataView, at: number, peer: PeerAddress): void {
  if (familyOf(peer) === 4) {
    peer.host.split('.').forEach((octet, index) => view.setUint8(at + index, Number(octet)));
    view.setUint16(at + 4, peer.port);
    return;
  }
  // The simulated world's addresses are `fd00::` and one more group or two.
  const [, low = ''] = peer.host.split('::');
  const groups = low.split(':').map((group) => Number.parseInt(group, 16));
  view.setUint16(at, 0xfd00);
  groups.forEach((group, index) => view.setUint16(at + 16 - 2 * (groups.length - index), group));
  view.setUint16(at + 16, peer.port);
}
