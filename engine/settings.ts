// What a user or an experiment may set, with the defaults of the shipped program. A setting that nothing reads does not belong here.

export interface Settings {
  /** Eight bytes of the peer id in Azureus style, such as `-SG0010-`. */
  readonly peerIdPrefix: string;
  /** `v` of the extension handshake (BEP 10). */
  readonly clientName: string;
  readonly connectionsMax: number;
  readonly connectionsPerTorrentMax: number;
  /** Outgoing connections whose handshake is not finished. */
  readonly dialsMax: number;
  /** Unchoked peers of a torrent, the optimistic one included (CONFORMANCE 38). */
  readonly uploadSlots: number;
  /** A leecher unchokes those that give it most. False, for comparison: it takes turns, as a seed does. */
  readonly titForTat: boolean;
  /** Who is unchoked by a seed: the longest waiting in turn, or who takes the most. */
  readonly seedChoke: 'roundRobin' | 'fastestFirst';
  /** A seed shows each peer one piece at a time (BEP 16): for the first seed of a torrent, whose uplink is slow. */
  readonly superSeeding: boolean;
  /** The order in which new pieces are begun; `random` is for comparison. */
  readonly pieceOrder: 'rarestFirst' | 'random';
  /** Seconds of a peer's rate that are kept requested beyond the round trip. */
  readonly queueTimeMs: number;
  /** Requests kept outstanding at every peer; 0 = by its rate and round trip. A fixed number is for experiments. */
  readonly pipelineBlocks: number;
  readonly requestTimeoutMs: number;
  /** A peer that was asked and sends nothing for so long, and for longer than blocks usually take, is snubbed: what it was asked for would
   *  wait the whole `requestTimeoutMs` for whoever claims what it does not have, or sends a block a minute. */
  readonly snubTimeoutMs: number;
  readonly numwant: number;
  /** Bytes per second over all torrents, 0 = unlimited. */
  readonly downloadBps: number;
  readonly uploadBps: number;
  readonly resumeIntervalMs: number;
}

export const DEFAULT_SETTINGS: Settings = {
  peerIdPrefix: '-SG0010-',
  clientName: 'Starling 0.1.0',
  connectionsMax: 500,
  connectionsPerTorrentMax: 80,
  dialsMax: 20,
  uploadSlots: 4,
  titForTat: true,
  seedChoke: 'roundRobin',
  superSeeding: false,
  pieceOrder: 'rarestFirst',
  queueTimeMs: 2_000,
  pipelineBlocks: 0,
  requestTimeoutMs: 60_000,
  snubTimeoutMs: 10_000,
  numwant: 100,
  downloadBps: 0,
  uploadBps: 0,
  resumeIntervalMs: 30_000,
};
