// What a .torrent file says, after every check: the engine works with nothing else of it.

import { Geometry } from '../geometry.ts';

export interface TorrentFile {
  /** Safe components, joined by the driver below its own folder: no separator, `.`, `..`, NUL or reserved name in any of them. */
  readonly path: readonly string[];
  readonly lengthBytes: number;
  /** Zeros between files (BEP 47): never written, never shown. */
  readonly pad: boolean;
}

export interface Metainfo {
  /** SHA-1 of the raw span of `info`, 20 bytes. */
  readonly infoHash: Uint8Array;
  readonly name: string;
  /** False: one file, stored under `name`; true: a folder `name` with `files` below it. */
  readonly multiFile: boolean;
  /** `path` includes the leading folder `name` of a multi-file torrent. */
  readonly files: readonly TorrentFile[];
  readonly geometry: Geometry;
  /** 20 bytes a piece. */
  readonly pieceHashes: Uint8Array;
  readonly private: boolean;
  /** BEP 12, in the file's order; `announce` alone gives one tier of one. Empty: no tracker. */
  readonly announceTiers: readonly (readonly string[])[];
  /** Untrusted text. */
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** Seconds since 1970, as the file says. */
  readonly creationDate: number | null;
  /** The raw span of `info`: what the info-hash covers, and what is served as metadata. */
  readonly infoBytes: Uint8Array;
}

/** What stands for the metainfo of a torrent while peers are asked for it: of no files and no pieces. */
export function unknownMetainfo(
  infoHash: Uint8Array,
  name: string,
  announceTiers: Metainfo['announceTiers'],
): Metainfo {
  return {
    infoHash,
    name,
    multiFile: false,
    files: [],
    geometry: new Geometry(1, []),
    pieceHashes: new Uint8Array(0),
    private: false,
    announceTiers,
    comment: null,
    createdBy: null,
    creationDate: null,
    infoBytes: new Uint8Array(0),
  };
}
