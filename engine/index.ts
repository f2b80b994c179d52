// What the engine shows to the worlds that drive it. Nothing outside `engine/` imports any other file of it.

export * from './bug.ts';
export * from './build.ts';
export type * from './contract.ts';
export * from './engine.ts';
export * from './events.ts';
export * from './geometry.ts';
export type * from './inspection.ts';
export * from './journal/index.ts';
export * from './limits.ts';
export * from './metainfo/create.ts';
export type * from './metainfo/metainfo.ts';
export * from './metainfo/parse.ts';
export { INTRODUCTION_US, introducedPeer, isIntroduced } from './peers/introduced.ts';
export * from './resume/resume-codec.ts';
export type * from './resume/resume-data.ts';
export * from './settings.ts';
export * from './trackers/http-announce.ts';
export * from './trackers/udp-announce.ts';
export * from './trackers/websocket-announce.ts';
export { EXTENSION_HANDSHAKE_ID, encodeExtensionHandshake } from './wire/extension-handshake.ts';
export { HANDSHAKE_BYTES, writeHandshake } from './wire/handshake.ts';
export * as messages from './wire/messages.ts';
export { WireReader } from './wire/reader.ts';
export type { WireFault, WireHandler } from './wire/wire.ts';
