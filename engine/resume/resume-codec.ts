// Resume data as bytes, and back. A file that is torn, of another torrent, or at odds with the torrent's geometry is refused whole with
// its reason; the caller then checks the content instead of believing it.
//
// Form: a bencoded dictionary of `body` (itself bencoded), `checksum` (SHA-1 of the body), `format` and `version`.

import { sameBytes } from '../bytes.ts';
import bencode from 'bencode';
import { decodeBencode } from '../bencode/decode.ts';
import type { BencodeValue } from '../bencode/value.ts';
import { Bitfield } from '../bitfield.ts';
import type { FilePriority, Result } from '../contract.ts';
import type { Geometry } from '../geometry.ts';
import { BANNED_PEERS_MAX, KNOWN_PEERS_MAX } from '../limits.ts';
import type { Metainfo } from '../metainfo/metainfo.ts';
import { sha1 } from '../sha1.ts';
import type { RememberedPeer, ResumeData } from './resume-data.ts';

/** Why saved resume data is not believed. */
export type ResumeError =
  /** Torn, damaged, or not ours: the form or the checksum is wrong. */
  | 'damaged'
  /** Written by a version of the format that this one does not read. */
  | 'version'
  /** Of another torrent. */
  | 'infoHash'
  /** A field is missing or contradicts the torrent; `detail` names it. */
  | 'field';

const FORMAT = 'starling-resume';
const VERSION = 1;
const PEERS_MAX = KNOWN_PEERS_MAX + BANNED_PEERS_MAX;
/** Saved every half minute: of peers beyond this many bytes of bitfields only the address and what we think of them is kept. */
const PEER_BITFIELDS_BYTES_MAX = 4 * 1024 * 1024;
const TRUST_MIN = -7;
const TRUST_MAX = 8;
const PRIORITY_MAX = 7;
const PORT_MAX = 65_535;
const NUMERIC_HOST = /^[0-9a-f.:]{2,45}(?:%[\w.-]{1,32})?$/i;

/** The bytes of a resume file, owned by the caller. Canonical: partial pieces are sorted, rates are whole. Peers beyond the bound of
 *  limits.ts, and bitfields beyond 4 MiB in all, are left out from the end; so is a peer without a numeric address and a port, as one
 *  odd peer must not cost the pieces. */
export function encodeResume(data: ResumeData): Uint8Array {
  const body = bencode.encode({
    downloaded: data.downloadedBytes,
    flushed: data.flushed,
    infoHash: data.infoHash,
    partials: data.partials
      .toSorted((left, right) => left.piece - right.piece)
      .map((partial) => ({ blocks: partial.blocks, piece: partial.piece })),
    paused: data.paused ? 1 : 0,
    peers: encodePeers(data.peers),
    priorities: Uint8Array.from(data.filePriorities),
    sequential: data.sequential ? 1 : 0,
    unsynced: data.unsynced,
    uploaded: data.uploadedBytes,
  });
  return bencode.encode({ body, checksum: sha1(body), format: FORMAT, version: VERSION });
}

function encodePeers(peers: readonly RememberedPeer[]) {
  let bitfieldBytes = 0;
  const readable = peers.filter((peer) => NUMERIC_HOST.test(peer.host) && peer.port >= 1 && peer.port <= PORT_MAX);
  return readable.slice(0, PEERS_MAX).map((peer) => {
    bitfieldBytes += peer.bitfield?.length ?? 0;
    return {
      banned: peer.banned ? 1 : 0,
      bitfield: bitfieldBytes <= PEER_BITFIELDS_BYTES_MAX ? (peer.bitfield ?? undefined) : undefined,
      host: peer.host,
      port: peer.port,
      rate: Math.floor(peer.downloadBps),
      seed: peer.seed ? 1 : 0,
      trust: peer.trust,
    };
  });
}

/** Reads what `encodeResume` wrote for this torrent. `bytes`: borrowed for the call; the result owns its bytes. */
export function decodeResume(bytes: Uint8Array, metainfo: Metainfo): Result<ResumeData, ResumeError> {
  const outer = decodeBencode(bytes);
  if (!outer.ok) return refuse('damaged', outer.detail);
  if (outer.value.get('format')?.text() !== FORMAT) return refuse('damaged', `'format' is not ${FORMAT}`);
  if (outer.value.get('version')?.integer() !== VERSION) return refuse('version', `'version' is not ${VERSION}`);
  const body = outer.value.get('body')?.bytes();
  const checksum = outer.value.get('checksum')?.bytes();
  if (body === undefined || checksum === undefined || !sameBytes(sha1(body), checksum)) {
    return refuse('damaged', `'checksum' does not fit 'body'`);
  }
  const inner = decodeBencode(body);
  if (!inner.ok) return refuse('damaged', `body: ${inner.detail}`);
  const infoHash = inner.value.get('infoHash')?.bytes();
  if (infoHash === undefined || !sameBytes(infoHash, metainfo.infoHash))
    return refuse('infoHash', 'of another torrent');
  return new BodyReader(inner.value, metainfo).read();
}

function refuse(error: ResumeError, detail: string): Result<never, ResumeError> {
  return { ok: false, error, detail: `resume data: ${detail}` };
}

/** Reads field by field; the first wrong one is remembered, and what was read is then worth nothing. */
class BodyReader {
  readonly #body: BencodeValue;
  readonly #metainfo: Metainfo;
  readonly #geometry: Geometry;
  #wrong: string | null = null;

  constructor(body: BencodeValue, metainfo: Metainfo) {
    this.#body = body;
    this.#metainfo = metainfo;
    this.#geometry = metainfo.geometry;
  }

  read(): Result<ResumeData, ResumeError> {
    const body = this.#body;
    const flushed = this.#bits(body, 'flushed', this.#geometry.pieceCount);
    const data: ResumeData = {
      infoHash: this.#metainfo.infoHash.slice(),
      flushed: flushed.bytes,
      unsynced: this.#unsynced(flushed).bytes,
      partials: this.#partials(flushed),
      uploadedBytes: this.#integer(body, 'uploaded', 0, Number.MAX_SAFE_INTEGER),
      downloadedBytes: this.#integer(body, 'downloaded', 0, Number.MAX_SAFE_INTEGER),
      paused: this.#flag(body, 'paused'),
      sequential: this.#flag(body, 'sequential'),
      filePriorities: this.#priorities(),
      peers: this.#peers(),
    };
    return this.#wrong === null ? { ok: true, value: data } : refuse('field', this.#wrong);
  }

  #unsynced(flushed: Bitfield): Bitfield {
    const unsynced = this.#bits(this.#body, 'unsynced', this.#geometry.pieceCount);
    for (let piece = 0; piece < unsynced.length && this.#wrong === null; piece += 1) {
      if (unsynced.has(piece) && flushed.has(piece)) this.#note(this.#body, 'unsynced', `piece ${piece} is flushed`);
    }
    return unsynced;
  }

  #partials(flushed: Bitfield): ResumeData['partials'] {
    const partials: { piece: number; blocks: Uint8Array }[] = [];
    let before = -1;
    for (const item of this.#list('partials', this.#geometry.pieceCount)) {
      const piece = this.#integer(item, 'piece', before + 1, this.#geometry.pieceCount - 1);
      if (this.#wrong === null && flushed.has(piece)) this.#note(item, 'piece', 'is flushed');
      const blocks = this.#bits(item, 'blocks', this.#wrong === null ? this.#geometry.blockCount(piece) : 0);
      partials.push({ piece, blocks: blocks.bytes });
      before = piece;
    }
    return partials;
  }

  #priorities(): FilePriority[] {
    const bytes = this.#body.get('priorities')?.bytes();
    if (bytes?.length !== this.#metainfo.files.length || bytes.some((priority) => priority > PRIORITY_MAX)) {
      this.#note(this.#body, 'priorities', `is not one of 0 … ${PRIORITY_MAX} a file`);
      return [];
    }
    return Array.from(bytes) as FilePriority[];
  }

  #peers(): RememberedPeer[] {
    const peers: RememberedPeer[] = [];
    for (const item of this.#list('peers', PEERS_MAX)) {
      const host = item.get('host')?.text() ?? '';
      if (!NUMERIC_HOST.test(host)) this.#note(item, 'host', 'is not a numeric address');
      const known = item.get('bitfield') !== undefined;
      peers.push({
        host,
        port: this.#integer(item, 'port', 1, PORT_MAX),
        seed: this.#flag(item, 'seed'),
        bitfield: known ? this.#bits(item, 'bitfield', this.#geometry.pieceCount).bytes : null,
        downloadBps: this.#integer(item, 'rate', 0, Number.MAX_SAFE_INTEGER),
        trust: this.#integer(item, 'trust', TRUST_MIN, TRUST_MAX),
        banned: this.#flag(item, 'banned'),
      });
    }
    return peers;
  }

  /** The items of a list, none after the first wrong field. */
  *#list(key: string, countMax: number): Iterable<BencodeValue> {
    const items = this.#body.get(key)?.items();
    if (items === undefined) this.#note(this.#body, key, 'is not a list');
    let count = 0;
    for (const item of items ?? []) {
      if (count === countMax) this.#note(this.#body, key, `has more than ${countMax} items`);
      if (this.#wrong !== null) return;
      count += 1;
      yield item;
    }
  }

  #flag(dictionary: BencodeValue, key: string): boolean {
    return this.#integer(dictionary, key, 0, 1) === 1;
  }

  #integer(dictionary: BencodeValue, key: string, min: number, max: number): number {
    const value = dictionary.get(key)?.integer();
    if (value !== undefined && value >= min && value <= max) return value;
    this.#note(dictionary, key, `is not in ${min} … ${max}`);
    return min;
  }

  /** `count` bits, spare bits zero; a copy. */
  #bits(dictionary: BencodeValue, key: string, count: number): Bitfield {
    const bytes = dictionary.get(key)?.bytes();
    const bits = bytes && Bitfield.fromWire(bytes, count);
    if (bits instanceof Bitfield) return bits;
    this.#note(dictionary, key, `is not ${count} bits with spare bits zero`);
    return new Bitfield(count);
  }

  #note(dictionary: BencodeValue, key: string, what: string): void {
    this.#wrong ??= `'${key}' of the value at byte ${dictionary.start} of the body ${what}`;
  }
}
