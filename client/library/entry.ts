// What the client keeps of one torrent beside its .torrent and its resume data: the user's wishes, and what was found out about its files.

import * as v from 'valibot';
import type { FilePriority, Metainfo } from '#engine';
import { hex } from '../units.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.finite());

const entrySchema = v.object({
  version: v.literal(1),
  /** The info-hash in lower-case hexadecimal. */
  key: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  /** Of the metainfo, so that a list can be shown before the .torrent was read. */
  name: v.string(),
  totalBytes: count,
  pieceCount: count,
  private: v.boolean(),
  /** Absolute. */
  folder: v.pipe(v.string(), v.minLength(1)),
  /** The list is in the order of ranks, ties by key. */
  rank: v.pipe(v.number(), v.finite()),
  /** Milliseconds since 1970. */
  addedAt: time,
  completedAt: v.nullable(time),
  paused: v.boolean(),
  sequential: v.boolean(),
  /** One a file; null: all normal. */
  priorities: v.nullable(v.array(v.picklist([0, 1, 2, 3, 4, 5, 6, 7]))),
  /** Bytes per second, 0 = unlimited. */
  downloadBps: count,
  uploadBps: count,
  /** What lies at the places of its files is the torrent's: there was nothing, a check found it there, or the user said so. */
  ours: v.boolean(),
  /** It was removed with its data, which is not gone yet. */
  deleting: v.boolean(),
  /** The link, while no peer has given the metadata. */
  magnet: v.optional(v.nullable(v.string()), null),
});

export type Entry = Readonly<v.InferOutput<typeof entrySchema>>;

type Facts = Pick<Entry, 'name' | 'totalBytes' | 'pieceCount' | 'private'>;

/** What the metainfo says of it. */
export function factsOf({ name, geometry, private: isPrivate }: Metainfo): Facts {
  return { name, totalBytes: geometry.totalBytes, pieceCount: geometry.pieceCount, private: isPrivate };
}

export function entryOf(
  metainfo: Metainfo,
  wishes: Pick<Entry, 'folder' | 'rank' | 'paused' | 'sequential' | 'priorities'>,
): Entry {
  return newEntry({ key: hex(metainfo.infoHash), ...factsOf(metainfo) }, wishes);
}

export function newEntry(
  facts: Facts & Pick<Entry, 'key'>,
  wishes: Pick<Entry, 'folder' | 'rank' | 'paused' | 'sequential' | 'priorities'>,
): Entry {
  return {
    version: 1,
    ...facts,
    ...wishes,
    addedAt: Date.now(),
    completedAt: null,
    downloadBps: 0,
    uploadBps: 0,
    ours: false,
    deleting: false,
    magnet: null,
  };
}

export function encodeEntry(entry: Entry): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(entry, null, 1)}\n`);
}

/** Throws an `Error` that says in one line what is wrong. */
export function decodeEntry(bytes: Uint8Array, key: string): Entry {
  const parsed = v.safeParse(entrySchema, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new Error(`${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`);
  }
  if (parsed.output.key !== key) throw new Error(`it is about another torrent: ${parsed.output.key}`);
  return parsed.output;
}

/** One a file of the metainfo. */
export function prioritiesOf({ priorities }: Entry, fileCount: number): FilePriority[] {
  return priorities === null ? Array.from({ length: fileCount }, () => 4) : [...priorities];
}
