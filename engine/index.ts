// What the engine shows to the worlds that drive it. Nothing outside `engine/` imports any other file of it.

export * from './bug.ts';
export * from './build.ts';
export { binaryText } from './bytes.ts';
export { formatAddress } from './wire/ip-address.ts';
export type * from './contract.ts';
export * from './engine.ts';
export * from './events.ts';
export * from './geometry.ts';
export type * from './inspection.ts';
export * from './journal/index.ts';
export * from './limits.ts';
export * from './metainfo/create.ts';
export * from './metainfo/magnet.ts';
export type { Metainfo, TorrentFile } from './metainfo/metainfo.ts';
export * from './metainfo/parse.ts';
export { INTRODUCTION_US, introducedPeer, isIntroduced, peerName } from './peers/introduced.ts';
export * from './resume/resume-codec.ts';
export type * from './resume/resume-data.ts';
export * from './settings.ts';
export { httpAnnounceUrl, parseHttpReply } from './trackers/http-announce.ts';
export { mergeReplies } from './trackers/announce-reply.ts';
export * from './trackers/http-scrape.ts';
export * from './trackers/udp-trackers.ts';
export * from './trackers/websocket-announce.ts';
export {
  decodeExtensionHandshake,
  EXTENSION_HANDSHAKE_ID,
  type ExtensionHandshake,
  encodeExtensionHandshake,
} from './wire/extension-handshake.ts';
export { HANDSHAKE_BYTES, writeHandshake } from './wire/handshake.ts';
export * as messages from './wire/messages.ts';
export * from './wire/metadata-message.ts';
export { WireReader } from './wire/reader.ts';
export type { WireFault } from './wire/fault.ts';
