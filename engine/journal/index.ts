// An engine recorded and run again. What a journal is made of otherwise is `harness/journal`.

export type { EntryReader, EntryWriter } from './entries.ts';
export { ReplayError } from './input-reader.ts';
export { recordEngine, type Recorded } from './record.ts';
export { type Divergence, Replay, type ReplayOptions } from './replay.ts';
