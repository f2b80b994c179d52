// The engine's inner classes, shown to those who plant bugs in them (`scenarios/canaries`) and to nobody else: a driver needs none of them.

export { EarlyPieces } from './peers/early-pieces.ts';
export { Peer } from './peers/peer.ts';
export { type KnownPeer, PeerBook } from './peers/peer-book.ts';
export { UploadQueue } from './peers/upload-queue.ts';
export { Picker } from './pieces/picker.ts';
export { TokenBucket } from './token-bucket.ts';
export { Blame } from './torrent/blame.ts';
export { Choker } from './torrent/choker.ts';
export { RateLimit } from './torrent/rate-limit.ts';
export { Swarm as EngineSwarm } from './torrent/swarm.ts';
export { Torrent } from './torrent/torrent.ts';
export { AnnouncePolicy } from './trackers/announce-policy.ts';
export { TrackerList } from './trackers/tracker-list.ts';
export { UdpTracker } from './trackers/udp-tracker.ts';
