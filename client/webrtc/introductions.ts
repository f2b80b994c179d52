// The book of WebRTC introductions: which offers of ours wait for an answer, which peers may be dialled, which are being connected. It
// holds no socket and no clock; a link is the number of a peer connection that the driver holds.
//
//   an offer of ours    → answered, or dropped after OFFER_TIMEOUT
//   an introduction     → dialled by the engine, or dropped when it is not fresh any more: somebody answered our offer, or offered
//   a dial              → opened, failed, aborted by the engine, or timed out; the engine hears of each exactly once
//
// Always: every link that is named here is dropped, opened or failed, once; whatever trackers say, no more is held than the bounds below.
// Two peers may offer to each other at the same time, and both may answer: then both keep the offer of the higher peer id.

import { binaryText, INTRODUCTION_US, introducedPeer, type ConnId, type Instant, type TorrentId } from '#engine';

/** WebTorrent offers 5 to 10; each is a socket and an ICE agent that waits. */
const OFFERS_PER_ANNOUNCE_MAX = 10;
/** Over all torrents and trackers. */
const OFFERS_MAX = 40;
/** As long as WebTorrent waits for an answer. */
const OFFER_TIMEOUT_US = 50_000_000;
/** Peers that may be dialled, over all torrents: with 16 KiB of description each, 4 MiB. */
const INTRODUCTIONS_MAX = 256;
/** From the engine's dial to the open channel; WebTorrent gives up after 25 s. */
const CONNECT_TIMEOUT_US = 20_000_000;

export type LinkId = number;

/** Who offered to us, and by which tracker an answer reaches it. */
export interface ReceivedOffer {
  readonly torrent: TorrentId;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** 20 bytes: ours in this torrent. */
  readonly ownId: Uint8Array;
  readonly url: string;
  readonly offerId: string;
  readonly sdp: string;
}

export interface ReceivedAnswer {
  readonly torrent: TorrentId;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly offerId: string;
  readonly sdp: string;
}

export interface MadeOffer {
  readonly torrent: TorrentId;
  readonly ownId: Uint8Array;
  readonly offerId: string;
  readonly link: LinkId;
}

export interface IntroductionEvents {
  /** The engine may dial this peer for as long as INTRODUCTION_US. */
  introduced(torrent: TorrentId, peerId: Uint8Array): void;
  /** Our offer `link` was answered, and the engine dials who answered. */
  finish(link: LinkId, sdp: string): void;
  /** The engine dials who offered: a new link is to answer. */
  answer(link: LinkId, offer: ReceivedOffer): void;
  drop(link: LinkId): void;
  /** A dial has failed; may be called from within `dialled`. */
  failed(conn: ConnId, why: 'timeout' | 'unreachable'): void;
}

interface Introduction {
  readonly torrent: TorrentId;
  expiresAt: Instant;
  offer: ReceivedOffer | null;
  answered: { readonly link: LinkId; readonly sdp: string } | null;
}

interface Dial {
  readonly conn: ConnId;
  readonly key: string;
  readonly expiresAt: Instant;
  link: LinkId;
  /** By our offer. */
  ours: boolean;
}

export class Introductions {
  readonly #events: IntroductionEvents;
  readonly #offers = new Map<string, MadeOffer & { readonly expiresAt: Instant }>();
  /** By torrent and peer, as are the dials. */
  readonly #introductions = new Map<string, Introduction>();
  readonly #dials = new Map<string, Dial>();
  #nextLink: LinkId = 0;

  constructor(events: IntroductionEvents) {
    this.#events = events;
  }

  /** How many of `wanted` offers may be made now. */
  room(wanted: number): number {
    return Math.max(0, Math.min(wanted, OFFERS_PER_ANNOUNCE_MAX, OFFERS_MAX - this.#offers.size));
  }

  newLink(): LinkId {
    this.#nextLink += 1;
    return this.#nextLink;
  }

  /** An offer of ours is on its way to a tracker. */
  offerMade(now: Instant, offer: MadeOffer): void {
    this.#offers.set(offer.offerId, { ...offer, expiresAt: now + OFFER_TIMEOUT_US });
  }

  offerReceived(now: Instant, offer: ReceivedOffer): void {
    const { torrent, peerId, ownId } = offer;
    const key = keyOf(torrent, peerId);
    if (compareIds(peerId, ownId) === 0 || this.#dials.has(key)) return;
    const introduction = this.#introduce(now, key, torrent);
    if (introduction === null) return;
    introduction.offer = offer;
    this.#events.introduced(torrent, peerId);
  }

  answerReceived(now: Instant, { torrent, peerId, offerId, sdp }: ReceivedAnswer): void {
    const offer = this.#offers.get(offerId);
    if (offer === undefined || offer.torrent !== torrent || compareIds(peerId, offer.ownId) === 0) return;
    this.#offers.delete(offerId);
    const key = keyOf(torrent, peerId);
    const dial = this.#dials.get(key);
    if (dial !== undefined) {
      this.#settleGlare(dial, offer.link, sdp, compareIds(offer.ownId, peerId) > 0);
      return;
    }
    const introduction = this.#introduce(now, key, torrent);
    if (introduction === null || introduction.answered !== null) {
      this.#events.drop(offer.link);
      return;
    }
    introduction.answered = { link: offer.link, sdp };
    this.#events.introduced(torrent, peerId);
  }

  /** We are answering a peer's offer, and it has answered ours. */
  #settleGlare(dial: Dial, link: LinkId, sdp: string, oursIsHigher: boolean): void {
    if (dial.ours || !oursIsHigher) {
      this.#events.drop(link);
      return;
    }
    this.#events.drop(dial.link);
    dial.link = link;
    dial.ours = true;
    this.#events.finish(link, sdp);
  }

  /** The engine dials an introduced peer, `host` as `introducedPeer` made it. */
  dialled(now: Instant, conn: ConnId, torrent: TorrentId, host: string): void {
    const key = `${torrent} ${host}`;
    const introduction = this.#introductions.get(key);
    this.#introductions.delete(key);
    if (introduction === undefined || this.#dials.has(key)) {
      if (introduction?.answered) this.#events.drop(introduction.answered.link);
      this.#events.failed(conn, 'unreachable');
      return;
    }
    const { answered, offer } = introduction;
    const link = answered?.link ?? this.newLink();
    this.#dials.set(key, { conn, key, link, ours: answered !== null, expiresAt: now + CONNECT_TIMEOUT_US });
    // Who answered us is connecting already, and waits for no answer of ours.
    if (answered !== null) this.#events.finish(link, answered.sdp);
    else this.#events.answer(link, offer as ReceivedOffer);
  }

  /** The channel of `link` is open: whose dial that is, null: nobody's any more, and the link is to be dropped. */
  opened(link: LinkId): { readonly conn: ConnId; readonly outgoing: boolean } | null {
    const dial = this.#dialOf(link);
    if (dial === null) return null;
    this.#dials.delete(dial.key);
    return { conn: dial.conn, outgoing: dial.ours };
  }

  /** `link` has ended before it opened. */
  linkFailed(link: LinkId): void {
    const dial = this.#dialOf(link);
    if (dial !== null) {
      this.#dials.delete(dial.key);
      this.#events.failed(dial.conn, 'unreachable');
    }
    for (const offer of this.#offers.values()) if (offer.link === link) this.#offers.delete(offer.offerId);
    for (const [key, introduction] of this.#introductions)
      if (introduction.answered?.link === link) this.#introductions.delete(key);
  }

  /** The engine no longer wants the connection that it dialled. */
  aborted(conn: ConnId): void {
    for (const dial of this.#dials.values()) {
      if (dial.conn !== conn) continue;
      this.#dials.delete(dial.key);
      this.#events.drop(dial.link);
    }
  }

  /** Nothing that waits for this torrent is of use any more. */
  torrentLeft(torrent: TorrentId): void {
    for (const offer of this.#offers.values()) if (offer.torrent === torrent) this.#dropOffer(offer);
    for (const [key, introduction] of this.#introductions)
      if (introduction.torrent === torrent) this.#dropIntroduction(key, introduction);
  }

  tick(now: Instant): void {
    for (const offer of this.#offers.values()) if (offer.expiresAt <= now) this.#dropOffer(offer);
    for (const [key, introduction] of this.#introductions)
      if (introduction.expiresAt <= now) this.#dropIntroduction(key, introduction);
    for (const dial of this.#dials.values()) {
      if (dial.expiresAt > now) continue;
      this.#dials.delete(dial.key);
      this.#events.drop(dial.link);
      this.#events.failed(dial.conn, 'timeout');
    }
  }

  /** When `tick` is wanted next, null = nothing waits. */
  nextTimeout(): Instant | null {
    let next = Infinity;
    for (const waiting of [this.#offers, this.#introductions, this.#dials])
      for (const { expiresAt } of waiting.values()) next = Math.min(next, expiresAt);
    return next === Infinity ? null : next;
  }

  #introduce(now: Instant, key: string, torrent: TorrentId): Introduction | null {
    let introduction = this.#introductions.get(key);
    if (introduction === undefined) {
      if (this.#introductions.size >= INTRODUCTIONS_MAX) return null;
      introduction = { torrent, expiresAt: 0, offer: null, answered: null };
      this.#introductions.set(key, introduction);
    }
    // Who repeats an offer does not keep an answered link of ours waiting for ever.
    if (introduction.answered === null) introduction.expiresAt = now + INTRODUCTION_US;
    return introduction;
  }

  #dialOf(link: LinkId): Dial | null {
    for (const dial of this.#dials.values()) if (dial.link === link) return dial;
    return null;
  }

  #dropOffer(offer: MadeOffer): void {
    this.#offers.delete(offer.offerId);
    this.#events.drop(offer.link);
  }

  #dropIntroduction(key: string, { answered }: Introduction): void {
    this.#introductions.delete(key);
    if (answered !== null) this.#events.drop(answered.link);
  }
}

function keyOf(torrent: TorrentId, peerId: Uint8Array): string {
  return `${torrent} ${introducedPeer(peerId).host}`;
}

/** As the bytes stand: negative, 0 or positive. */
function compareIds(a: Uint8Array, b: Uint8Array): number {
  const left = binaryText(a);
  const right = binaryText(b);
  return left === right ? 0 : left < right ? -1 : 1;
}
