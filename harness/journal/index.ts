// A journal: what went into something deterministic, in order and time, with marks of what came out. Knows neither engine nor files.

export { JOURNAL_VERSION, JournalError, type JournalHeader } from './format.ts';
export type { JournalValue } from './fields.ts';
export { JournalReader } from './reader.ts';
export { JournalWriter } from './writer.ts';
