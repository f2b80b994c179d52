// Peers that break the protocol's spirit, each by a script of its own: what `wrap` puts in the place of a node's engine.

export { Eclipse } from './eclipse.ts';
export { FreeRider } from './free-rider.ts';
export { Idler } from './idler.ts';
export { Liar, lieOf } from './liar.ts';
export { METADATA_LIES, type MetadataLie, MetadataLiar } from './metadata-liar.ts';
export { Polluter } from './polluter.ts';
export { RUDE } from './rude.ts';
export type { ScriptedPeer, ScriptOptions } from './scripted-peer.ts';
export { SeedThief } from './seed-thief.ts';
export { SELFISH } from './selfish.ts';
export { SlowUploader } from './slow-uploader.ts';
export { Squatter } from './squatter.ts';
export { Withholder } from './withholder.ts';
