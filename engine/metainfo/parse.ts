// Reads a .torrent file (BEP 3, 12, 27, 47; CONFORMANCE 1-10): what comes out can be used without further checks.
//
// What always holds: the info-hash covers the bytes of `info` as they stand; the hashes are as many as the pieces; every bound of limits.ts
// is kept; paths are safe and distinct. A hybrid torrent is read as version 1; one without version 1 is refused.
// Keys that say nothing about the content (comment, dates, trackers) never make a torrent unusable: where malformed they are absent.
// A symbolic link (BEP 47, attribute `l`) is neutralised: an empty file of its name, as it has no bytes in the torrent; no link is ever made.

import { hex } from '../bytes.ts';
import type { Result } from '../contract.ts';
import { type BencodeResult, decodeBencode } from '../bencode/decode.ts';
import type { BencodeValue } from '../bencode/value.ts';
import { Geometry } from '../geometry.ts';
import {
  FILE_COUNT_MAX,
  PATH_DEPTH_MAX,
  PIECE_COUNT_MAX,
  PIECE_LENGTH_BYTES_MAX,
  SHA1_LENGTH_BYTES,
} from '../limits.ts';
import { sha1 } from '../sha1.ts';
import type { Metainfo, TorrentFile } from './metainfo.ts';
import { distinctPaths, safeComponent } from './safe-path.ts';
import { announceTiers } from './trackers.ts';

/** Why a file is no torrent that we can download. */
export type MetainfoError =
  /** Larger than METAINFO_BYTES_MAX. */
  | 'tooLong'
  | 'notBencode'
  /** Valid but for the order or uniqueness of dictionary keys: other clients may see another info-hash. */
  | 'keyOrder'
  | 'noInfo'
  /** A version 2 torrent without its version 1 form (BEP 52). */
  | 'v2Only'
  | 'name'
  | 'pieceLength'
  | 'pieces'
  /** `length`, `files`, or one file's entry. */
  | 'files'
  /** More files, pieces or bytes than limits.ts allows. */
  | 'tooLarge';

type Parsed<T> = Result<T, MetainfoError>;

const LARGEST_TOTAL_BYTES = PIECE_COUNT_MAX * PIECE_LENGTH_BYTES_MAX;

/** Reads a whole .torrent file. `bytes`: moved; `pieceHashes` and `infoBytes` of the result are views of them.
 *  The error's `detail` names the key and the byte offset. */
export function parseMetainfo(bytes: Uint8Array): Parsed<Metainfo> {
  const decoded = decodeBencode(bytes);
  if (!decoded.ok) return refuseBencode(decoded);
  const root = decoded.value;
  const dictionary = root.get('info');
  if (dictionary === undefined) return refuse('noInfo', 'info', root, 'not a dictionary');
  const info = readInfo(dictionary);
  if (!info.ok) return info;
  return {
    ok: true,
    value: {
      ...info.value,
      announceTiers: announceTiers(root),
      comment: preferredText(root, 'comment') ?? null,
      createdBy: root.get('created by')?.lossyText() ?? null,
      creationDate: root.get('creation date')?.integer() ?? null,
    },
  };
}

/** Reads an `info` dictionary alone, as peers give it (BEP 9). `bytes`: moved. `announceTiers`: where it was heard of. */
export function parseInfo(
  bytes: Uint8Array,
  announceTiers: Metainfo['announceTiers'],
  infoHash?: Uint8Array,
): Parsed<Metainfo> {
  const decoded = decodeBencode(bytes);
  if (!decoded.ok) return refuseBencode(decoded);
  const info = readInfo(decoded.value, infoHash);
  if (!info.ok) return info;
  return { ok: true, value: { ...info.value, announceTiers, comment: null, createdBy: null, creationDate: null } };
}

function refuseBencode({ error, detail }: BencodeResult & { readonly ok: false }): Parsed<never> {
  if (error === 'keyOrder' || error === 'duplicateKey') return { ok: false, error: 'keyOrder', detail };
  return { ok: false, error: error === 'tooLong' ? 'tooLong' : 'notBencode', detail };
}

/** What follows from `info` alone. */
type Info = Omit<Metainfo, 'announceTiers' | 'comment' | 'createdBy' | 'creationDate'>;

function readInfo(info: BencodeValue, infoHash = sha1(info.raw())): Parsed<Info> {
  if (info.kind !== 'dictionary') return refuse('noInfo', 'info', info, 'not a dictionary');
  if (info.get('pieces') === undefined && info.get('meta version') !== undefined) {
    return refuse('v2Only', 'meta version', info, 'a version 2 torrent without version 1 pieces is not supported');
  }
  const nameText = preferredText(info, 'name');
  if (nameText === undefined) return refuse('name', 'name', info, 'missing or not a string');
  const name = safeComponent(nameText === '' ? hex(infoHash) : nameText);

  const pieceLength = info.get('piece length');
  const pieceLengthBytes = pieceLength?.integer() ?? 0;
  if (pieceLengthBytes < 1 || pieceLengthBytes > PIECE_LENGTH_BYTES_MAX) {
    return refuse('pieceLength', 'piece length', pieceLength ?? info, `not in 1 … ${PIECE_LENGTH_BYTES_MAX}`);
  }

  const files = readFiles(info, name);
  if (!files.ok) return files;
  const geometry = new Geometry(
    pieceLengthBytes,
    files.value.map((file) => file.lengthBytes),
  );
  if (geometry.pieceCount > PIECE_COUNT_MAX) {
    return refuse(
      'tooLarge',
      'piece length',
      pieceLength ?? info,
      `${geometry.pieceCount} pieces, ${PIECE_COUNT_MAX} allowed`,
    );
  }

  const pieces = info.get('pieces');
  const pieceHashes = pieces?.bytes();
  if (pieceHashes === undefined || pieceHashes.length !== geometry.pieceCount * SHA1_LENGTH_BYTES) {
    return refuse(
      'pieces',
      'pieces',
      pieces ?? info,
      `not ${geometry.pieceCount} hashes of ${SHA1_LENGTH_BYTES} bytes`,
    );
  }

  return {
    ok: true,
    value: {
      infoHash,
      name,
      multiFile: info.get('files') !== undefined,
      files: files.value,
      geometry,
      pieceHashes,
      private: info.get('private')?.integer() === 1,
      infoBytes: info.raw(),
    },
  };
}

/** One of `length` and `files`, never both (CONFORMANCE 4). */
function readFiles(info: BencodeValue, name: string): Parsed<TorrentFile[]> {
  const length = info.get('length');
  const list = info.get('files');
  if (length !== undefined && list !== undefined) return refuse('files', 'length', length, 'given together with files');
  if (list !== undefined) return readFileList(list, name);
  const lengthBytes = length?.integer() ?? -1;
  if (lengthBytes < 0) return refuse('files', 'length', length ?? info, 'missing or not a length');
  if (lengthBytes > LARGEST_TOTAL_BYTES) return refuse('tooLarge', 'length', length ?? info, `${lengthBytes} bytes`);
  return { ok: true, value: [{ path: [name], lengthBytes, pad: false }] };
}

function readFileList(list: BencodeValue, name: string): Parsed<TorrentFile[]> {
  const files: TorrentFile[] = [];
  let totalBytes = 0;
  for (const entry of list.items() ?? []) {
    if (files.length === FILE_COUNT_MAX) return refuse('tooLarge', 'files', entry, `more than ${FILE_COUNT_MAX}`);
    const file = readFile(entry, name);
    if (!file.ok) return file;
    totalBytes += file.value.lengthBytes;
    if (totalBytes > LARGEST_TOTAL_BYTES) return refuse('tooLarge', 'files', entry, `${totalBytes} bytes`);
    files.push(file.value);
  }
  if (files.length === 0) return refuse('files', 'files', list, 'empty or not a list');
  const paths = distinctPaths(files.map((file) => file.path));
  return { ok: true, value: files.map((file, index) => ({ ...file, path: paths[index] as readonly string[] })) };
}

function readFile(entry: BencodeValue, name: string): Parsed<TorrentFile> {
  const attributes = entry.get('attr')?.lossyText() ?? '';
  const lengthBytes = attributes.includes('l') ? 0 : (entry.get('length')?.integer() ?? -1);
  if (lengthBytes < 0) return refuse('files', 'length', entry.get('length') ?? entry, 'missing or not a length');
  const pad = attributes.includes('p');
  const components = readPath(entry.get('path.utf-8')) ?? readPath(entry.get('path'));
  if (components === undefined && !pad) {
    const where = entry.get('path') ?? entry;
    return refuse('files', 'path', where, `not a list of 1 … ${PATH_DEPTH_MAX - 1} strings`);
  }
  return { ok: true, value: { path: [name, ...(components ?? ['.pad', String(lengthBytes)])], lengthBytes, pad } };
}

/** Safe components, undefined where the list is missing, empty, too deep, or holds anything but strings. */
function readPath(list: BencodeValue | undefined): string[] | undefined {
  const components: string[] = [];
  for (const item of list?.items() ?? []) {
    const text = item.lossyText();
    if (text === undefined || components.length === PATH_DEPTH_MAX - 1) return undefined;
    components.push(safeComponent(text));
  }
  return components.length === 0 ? undefined : components;
}

/** The text under `key`, or the one that old clients put beside it in UTF-8 when theirs was in another encoding. */
function preferredText(dictionary: BencodeValue, key: string): string | undefined {
  return dictionary.get(`${key}.utf-8`)?.text() ?? dictionary.get(key)?.lossyText();
}

function refuse(error: MetainfoError, key: string, at: BencodeValue, what: string): Parsed<never> {
  return { ok: false, error, detail: `torrent: '${key}' at byte ${at.start}: ${what}` };
}
