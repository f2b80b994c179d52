// Bugs inside the engine: a method of one of its classes does something else.

import {
  AnnouncePolicy,
  Blame,
  Choker,
  EarlyPieces,
  EngineSwarm,
  type KnownPeer,
  Peer,
  PeerBook,
  Picker,
  RateLimit,
  TokenBucket,
  Torrent,
  TrackerList,
  UdpTracker,
} from '#engine/parts';
import { method, type Patch, type PlantedBug } from './planted-bug.ts';

export const engineBugs: readonly PlantedBug[] = [
  {
    name: 'the last piece is never asked for',
    area: 'picker',
    patches: [
      method(
        Peer.prototype,
        'mayAsk',
        (mayAsk) =>
          function (this: Peer, piece) {
            return piece !== this.bits.length - 1 && mayAsk.call(this, piece);
          },
      ),
    ],
  },
  {
    name: 'a piece is asked for that the peer does not have',
    area: 'picker',
    patches: [
      method(
        Peer.prototype,
        'mayAsk',
        () =>
          function (this: Peer) {
            return !this.peerChoking;
          },
      ),
    ],
  },
  {
    name: 'a piece that failed is never begun again',
    area: 'picker',
    patches: [method(Picker.prototype, 'hashFailed', () => () => {})],
  },
  {
    name: 'a block that is asked for is asked for again',
    area: 'picker',
    patches: [
      method(
        Peer.prototype,
        'sendRequest',
        (sendRequest) =>
          function (this: Peer, piece, beginBytes, lengthBytes) {
            sendRequest.call(this, piece, beginBytes, lengthBytes);
            if (piece % 8 === 5) sendRequest.call(this, piece, beginBytes, lengthBytes);
          },
      ),
    ],
  },
  {
    name: 'end-game is never entered',
    area: 'end-game',
    patches: [method(Picker.prototype, 'updateEndGame', () => () => {})],
  },
  {
    name: 'end-game asks twice for what is not late',
    area: 'end-game',
    patches: [
      method(
        Picker.prototype,
        'pick',
        (pick) =>
          function (this: Picker, peer, count, how, keys) {
            pick.call(this, peer, count, { ...how, onTheWay: new Set<number>() }, keys);
          },
      ),
    ],
  },
  {
    name: 'nobody is put on parole',
    area: 'parole',
    patches: [method(Torrent.prototype, 'startParole', () => () => {})],
  },
  {
    name: 'off parole with the first piece that passes, whoever sent it',
    area: 'parole',
    patches: [
      method(
        Torrent.prototype,
        'pieceWritten',
        (pieceWritten) =>
          function (this: Torrent, piece) {
            pieceWritten.call(this, piece);
            for (const known of this.swarm.book.values()) if (known.onParole) this.endParole(known, piece);
          },
      ),
    ],
  },
  {
    name: 'the innocent are banned with the guilty',
    area: 'parole',
    patches: [
      method(
        Blame.prototype,
        'judge',
        (judge) =>
          function (this: Blame, piece, good, ...rest) {
            const { guilty, cleared } = judge.call(this, piece, good, ...rest);
            return { guilty: guilty.size > 0 ? new Set([...guilty, ...cleared]) : guilty, cleared };
          },
      ),
    ],
  },
  {
    name: 'nobody is found guilty',
    area: 'parole',
    patches: [
      method(
        Blame.prototype,
        'judge',
        (judge) =>
          function (this: Blame, piece, good, ...rest) {
            return { ...judge.call(this, piece, good, ...rest), guilty: new Set<KnownPeer>() };
          },
      ),
    ],
  },
  {
    name: 'the least useful peer is dialled first',
    area: 'pause cache',
    patches: [
      method(
        PeerBook.prototype,
        'best',
        () =>
          function (this: PeerBook, now, skipSeeds) {
            let worst: KnownPeer | null = null;
            for (const peer of this.values()) {
              if (peer.address === null || peer.conn !== -1 || peer.banned || peer.nextDialAt > now) continue;
              if (!(skipSeeds && peer.seed) && (worst === null || peer.downloadBps < worst.downloadBps)) worst = peer;
            }
            return worst;
          },
      ),
    ],
  },
  {
    name: 'seeds keep each other',
    area: 'choker',
    patches: [
      method(EngineSwarm.prototype, 'finished', () => () => {}),
      method(EngineSwarm.prototype, 'seedStateChanged', () => () => {}),
    ],
  },
  {
    name: 'who is interested while all slots are taken is forgotten',
    area: 'choker',
    patches: [
      method(
        Peer.prototype,
        'interested',
        (interested) =>
          function (this: Peer) {
            const taken = this.torrent?.swarm.peers.filter((peer) => peer.up && !peer.amChoking).length ?? 0;
            return taken < 4 ? interested.call(this) : null;
          },
      ),
    ],
  },
  {
    name: 'a slot that nobody uses is kept',
    area: 'choker',
    patches: [method(Choker.prototype, 'second', () => () => {})],
  },
  {
    name: 'keep-alives are not sent',
    area: 'wire',
    patches: [method(Peer.prototype, 'sendKeepAlive', () => () => {})],
  },
  {
    name: 'a choke is not heard',
    area: 'wire',
    patches: [method(Peer.prototype, 'choke', () => () => null)],
  },
  {
    name: 'metadata is used without a look at its hash',
    area: 'metadata',
    patches: [method(Torrent.prototype, 'isMetadata', () => () => true)],
  },
  {
    name: 'who gave wrong metadata is asked for ever',
    area: 'metadata',
    patches: [
      method(
        Torrent.prototype,
        'ban',
        (ban) =>
          function (this: Torrent, known, piece) {
            if (!this.bare) ban.call(this, known, piece);
          },
      ),
    ],
  },
  {
    name: 'what peers have is forgotten when the metadata comes',
    area: 'metadata',
    patches: [method(EarlyPieces.prototype, 'tell', () => () => null)],
  },
  {
    name: 'half of the bytes are not spent',
    area: 'rate limit',
    patches: [
      method(
        TokenBucket.prototype,
        'spend',
        (spend) =>
          function (this: TokenBucket, bytes) {
            spend.call(this, bytes >> 1);
          },
      ),
    ],
  },
  {
    name: 'the limits are not looked at',
    area: 'rate limit',
    patches: [method(RateLimit.prototype, 'allows', () => () => true)],
  },
  {
    name: 'a tracker that is silent is waited for',
    area: 'tracker',
    patches: [method(AnnouncePolicy.prototype, 'giveTurn', () => () => {})],
  },
  {
    name: 'who answers is not promoted',
    area: 'tracker',
    patches: [method(TrackerList.prototype, 'promote', () => () => false)],
  },
  {
    name: 'a UDP request is sent once',
    area: 'udp tracker',
    patches: [
      method(UdpTracker.prototype, 'tick', () => () => {}),
      method(UdpTracker.prototype, 'nextTimeout', () => () => null),
    ],
  },
  {
    name: 'a UDP request is sent again too soon',
    area: 'udp tracker',
    patches: [
      method(
        UdpTracker.prototype,
        'tick',
        (tick) =>
          function (this: UdpTracker, now) {
            tick.call(this, now + 8 * SECOND_US);
          },
      ),
      method(
        UdpTracker.prototype,
        'nextTimeout',
        (nextTimeout) =>
          function (this: UdpTracker) {
            const next = nextTimeout.call(this);
            return next === null ? null : next - 8 * SECOND_US;
          },
      ),
    ],
  },
  {
    name: 'a connection id is used after 60 s',
    area: 'udp tracker',
    patches: [
      method(
        UdpTracker.prototype,
        'received',
        (received) =>
          function (this: UdpTracker, now, bytes) {
            const isConnect = bytes[3] === 0 && bytes.length >= 16;
            received.call(this, isConnect ? now + 600 * SECOND_US : now, bytes);
          },
      ),
    ],
  },
  {
    name: 'the transaction id is not looked at',
    area: 'udp tracker',
    patches: lastTransactionCounts(),
  },
];

const SECOND_US = 1_000_000;

/** Whatever comes is taken for the answer to what was sent last. */
function lastTransactionCounts(): Patch[] {
  const last = new WeakMap<UdpTracker, Uint8Array>();
  return [
    method(
      UdpTracker.prototype,
      'drain',
      (drain) =>
        function (this: UdpTracker, sink) {
          drain.call(this, {
            announced: (job, reply) => sink.announced(job, reply),
            scraped: (job, reply) => sink.scraped(job, reply),
            sendDatagram: (bytes) => {
              last.set(this, bytes.slice(12, 16));
              sink.sendDatagram(bytes);
            },
          });
        },
    ),
    method(
      UdpTracker.prototype,
      'received',
      (received) =>
        function (this: UdpTracker, now, bytes) {
          const taken = bytes.slice();
          taken.set(last.get(this) ?? [], 4);
          received.call(this, now, taken);
        },
    ),
  ];
}
