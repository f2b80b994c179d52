// Every peer of a torrent that we have heard of, connected or not: where it is, what it had, how it behaved. It outlives connections,
// pauses and (through resume data) restarts; bans and parole live here, so that reconnecting does not wash them off.

import type { Bitfield } from '../bitfield.ts';
import { sameBytes } from '../bytes.ts';
import type { ConnId, Instant, PeerAddress, PeerSource } from '../contract.ts';
import { KNOWN_PEERS_MAX } from '../limits.ts';
import { isIntroduced } from './introduced.ts';

/** After the n-th failed dial in a row a peer is left alone n × this long. */
const DIAL_BACKOFF_US = 15_000_000;
const DIAL_FAILURES_MAX = 5;
/** Found useless for the n-th time a peer is left alone n × this long, or two that have nothing for each other would meet for ever. */
const USELESS_BACKOFF_US = 60_000_000;
/** So many say nothing of a peer: one whose places are all taken refuses as well. */
const FEW_FAILURES = 1;
const TRUST_MIN = -7;
const TRUST_MAX = 8;

export class KnownPeer {
  // What a look for somebody to dial meets stands first: it looks at all of them.
  /** Where it listens; null: it came to us and never said. */
  address: PeerAddress | null;
  /** The connection that is this peer, −1: none. */
  conn: ConnId = -1;
  nextDialAt: Instant = 0;
  banned = false;
  /** Who answers there is this program, in this run and network: nobody to dial. */
  ourselves = false;
  /** An introduced peer can be dialled until then, once; null: it needs no introduction. */
  introducedUntil: Instant | null = null;
  seed = false;
  trust = 0;
  failures = 0;
  downloadBps = 0;
  /** As last seen: for ranking and rarity, never for a request. */
  bitfield: Bitfield | null = null;

  onParole = false;
  /** When it was last connected (see `Peer`): connecting again is no new chance. */
  unusedSlots = 0;
  readonly host: string;
  /** The next in the book that has the same host. */
  sameHost: KnownPeer | null = null;
  /** Tells it apart from others of its host where it has no address; else null. 20 bytes. */
  readonly peerId: Uint8Array | null;
  /** Who named it first. */
  readonly source: PeerSource;
  /** As a tracker gave it, null: none did. */
  expectedId: Uint8Array | null = null;
  /** When a dial last failed. */
  failedAt: Instant = 0;
  /** How often it did not give the metadata that it was asked for, and before when it is asked for none (see MetadataFetch). */
  metadataFailures = 0;
  metadataAskAt: Instant = 0;
  /** Failed pieces with several contributors of which it is one, not yet explained. */
  suspicions = 0;

  constructor(
    host: string,
    address: PeerAddress | null,
    peerId: Uint8Array | null = null,
    source: PeerSource = 'tracker',
  ) {
    this.host = host;
    this.address = address;
    this.peerId = peerId;
    this.source = source;
    if (address !== null && isIntroduced(address)) this.introducedUntil = 0;
  }

  /** It was of no use to us: it comes last when peers are dialled, and each time later. */
  foundUseless(now: Instant): void {
    this.adjustTrust(-1);
    this.nextDialAt = now + Math.max(1, -this.trust) * USELESS_BACKOFF_US;
  }

  /** It is left alone for two minutes, and each time for twice as long: what it sends in vain until it is cut costs megabytes. */
  brokeProtocol(now: Instant): void {
    this.adjustTrust(-1);
    this.nextDialAt = now + 2 ** Math.max(1, -this.trust) * USELESS_BACKOFF_US;
  }

  adjustTrust(by: number): void {
    this.trust = Math.min(TRUST_MAX, Math.max(TRUST_MIN, this.trust + by));
  }
}

export class PeerBook {
  /** In the order in which they were heard of. */
  readonly #peers: KnownPeer[] = [];
  /** The first of each host: most have one, so that no key is made for each. */
  readonly #byHost = new Map<string, KnownPeer>();

  get size(): number {
    return this.#peers.length;
  }

  values(): Iterable<KnownPeer> {
    return this.#peers;
  }

  /** The peer that listens at `address`, new in the book if there is room; null when the book is full of better ones. */
  heardOf(address: PeerAddress, source: PeerSource = 'tracker'): KnownPeer | null {
    let known = this.#byHost.get(address.host) ?? null;
    while (known !== null && known.address?.port !== address.port) known = known.sameHost;
    return known ?? this.#insert(new KnownPeer(address.host, address, null, source));
  }

  /** A peer that came to us, told apart from others of its host by its id. Never null: it is connected, so it counts. `peerId`: kept. */
  cameToUs(host: string, peerId: Uint8Array): KnownPeer {
    let known = this.#byHost.get(host) ?? null;
    while (known !== null && !(known.peerId !== null && sameBytes(known.peerId, peerId))) known = known.sameHost;
    if (known !== null) return known;
    const peer = new KnownPeer(host, null, peerId, 'incoming');
    return this.#insert(peer) ?? peer;
  }

  /** Somebody at `host` was of no use, and is to be left alone. */
  foundUseless(host: string, now: Instant): boolean {
    for (let peer = this.#byHost.get(host) ?? null; peer !== null; peer = peer.sameHost)
      if (peer.trust < 0 && peer.nextDialAt > now) return true;
    return false;
  }

  /** The next one to dial; null = nobody now. First who was not yet found useless or worse. Whoever wants something then dials those with the
   *  fewest failures, the rate they gave, and what they have; one who is `seeding` those that do not fail and lack most, and no seeds. */
  best(now: Instant, seeding: boolean): KnownPeer | null {
    const preferred = seeding ? needier : moreUseful;
    let best: KnownPeer | null = null;
    for (const peer of this.#peers) {
      if (peer.address === null || peer.conn !== -1 || peer.banned || peer.nextDialAt > now) continue;
      if (peer.ourselves || (peer.introducedUntil !== null && peer.introducedUntil <= now)) continue;
      if (seeding && peer.seed) continue;
      if (best === null || preferred(peer, best)) best = peer;
    }
    return best;
  }

  /** `counts`: it may be the peer's fault; who fails too often is forgotten. */
  dialFailed(peer: KnownPeer, now: Instant, counts: boolean): void {
    if (counts) peer.failures += 1;
    peer.failedAt = now;
    peer.nextDialAt = now + Math.max(1, peer.failures) * DIAL_BACKOFF_US;
    if (peer.failures >= DIAL_FAILURES_MAX && !peer.banned) this.#remove(peer);
  }

  #insert(peer: KnownPeer): KnownPeer | null {
    if (this.#peers.length >= KNOWN_PEERS_MAX && !this.#makeRoom()) return null;
    this.#peers.push(peer);
    peer.sameHost = this.#byHost.get(peer.host) ?? null;
    this.#byHost.set(peer.host, peer);
    return peer;
  }

  /** Drops one peer that failed, or came to us and left, or was introduced; those connected, banned or on parole stay. */
  #makeRoom(): boolean {
    let worst: KnownPeer | null = null;
    for (const peer of this.#peers) {
      if (peer.conn !== -1 || peer.banned || peer.onParole) continue;
      if (peer.address === null || isIntroduced(peer.address)) {
        worst = peer;
        break;
      }
      if (peer.failures > (worst?.failures ?? 0)) worst = peer;
    }
    if (worst === null) return false;
    this.#remove(worst);
    return true;
  }

  #remove(peer: KnownPeer): void {
    const at = this.#peers.indexOf(peer);
    // One that found no room when it came was never in the book.
    if (at === -1) return;
    this.#peers.splice(at, 1);
    let before = this.#byHost.get(peer.host) as KnownPeer;
    if (before === peer) {
      if (peer.sameHost === null) this.#byHost.delete(peer.host);
      else this.#byHost.set(peer.host, peer.sameHost);
      return;
    }
    while (before.sameHost !== peer) before = before.sameHost as KnownPeer;
    before.sameHost = peer.sameHost;
  }
}

function moreUseful(a: KnownPeer, b: KnownPeer): boolean {
  if (a.trust < 0 !== b.trust < 0) return b.trust < 0;
  const failures = Math.max(a.failures, FEW_FAILURES) - Math.max(b.failures, FEW_FAILURES);
  if (failures !== 0) return failures < 0;
  if (a.downloadBps !== b.downloadBps) return a.downloadBps > b.downloadBps;
  if (a.trust !== b.trust) return a.trust > b.trust;
  if (piecesOf(a) !== piecesOf(b)) return piecesOf(a) > piecesOf(b);
  return a.failures < b.failures;
}

/** Who left us with nearly everything has been complete since, and is gone or a seed. */
function needier(a: KnownPeer, b: KnownPeer): boolean {
  if (a.trust < 0 !== b.trust < 0) return b.trust < 0;
  if (a.failures !== b.failures) return a.failures < b.failures;
  return piecesOf(a) < piecesOf(b);
}

function piecesOf({ bitfield }: KnownPeer): number {
  return bitfield?.count ?? 0;
}
