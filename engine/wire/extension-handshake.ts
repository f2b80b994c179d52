// The extension handshake (BEP 10): what two peers tell each other of themselves beyond the 68 bytes, and of BEP 21 whether they want
// anything. It may come again at any time and then changes only what it names. Every value is a claim and is bounded here; a value
// of the wrong type or out of range counts as absent, and unknown keys are ignored (CONFORMANCE 46-50).

import bencode from 'bencode';
import { decodeBencode } from '../bencode/decode.ts';
import { decodeUtf8, decodeUtf8Lossy } from '../bencode/utf8.ts';
import type { BencodeValue } from '../bencode/value.ts';
import { sameBytes } from '../bytes.ts';
import { EXTENSION_IDS_MAX, METADATA_BYTES_MAX } from '../limits.ts';
import { formatIpAddress, IPV4_BYTES, IPV6_BYTES, parseIpAddress } from './ip-address.ts';

/** The extended id of the handshake itself. */
export const EXTENSION_HANDSHAKE_ID = 0;
/** The id under which we want `lt_donthave` (BEP 54): its payload is a piece, 4 bytes. */
export const DONT_HAVE_ID = 1;

/** Larger ones are garbage: the largest in use are some hundred bytes. */
const HANDSHAKE_BYTES_MAX = 64 * 1024;
const CLIENT_NAME_BYTES_MAX = 128;
const MESSAGE_NAME_BYTES_MAX = 64;

/** Null: not said, so nothing changes. */
export interface ExtensionHandshake {
  /** `m`: name of an extended message → the id under which the sender wants it, 1 … 255; 0 = no longer. */
  readonly messages: ReadonlyMap<string, number>;
  /** `p`: the port on which the sender listens, 1 … 65,535. */
  readonly port: number | null;
  /** `v`: name and version of the client; untrusted text. */
  readonly client: string | null;
  /** `reqq`: how many requests the sender queues before it drops some, ≥ 1; the receiver bounds it by its own. */
  readonly reqq: number | null;
  /** `metadata_size` (BEP 9): bytes of the metadata that the sender has, 1 … METADATA_BYTES_MAX. */
  readonly metadataSizeBytes: number | null;
  /** `yourip`: the receiver's numeric address as the sender sees it; a hint only. */
  readonly yourIp: string | null;
  /** `upload_only` (BEP 21): the sender wants nothing more, whether it has all or not. */
  readonly uploadOnly: boolean | null;
}

/** The payload of an extended message with id 0, as new bytes. */
export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  return bencode.encode({
    m: Object.fromEntries(handshake.messages),
    metadata_size: handshake.metadataSizeBytes ?? undefined,
    p: handshake.port ?? undefined,
    reqq: handshake.reqq ?? undefined,
    upload_only: handshake.uploadOnly === null ? undefined : Number(handshake.uploadOnly),
    v: handshake.client ?? undefined,
    yourip: handshake.yourIp === null ? undefined : (parseIpAddress(handshake.yourIp) ?? undefined),
  });
}

/** Peers with one client and one port say the same, as all of a simulated swarm do: what was decoded last is kept, if it is short. */
const KEPT_BYTES_MAX = 256;
let lastPayload = new Uint8Array(0);
let lastDecoded: ExtensionHandshake | null = null;

/** Reads the payload (borrowed) of an extended message with id 0. Null where it is no bencoded dictionary, or larger than 64 KiB. */
export function decodeExtensionHandshake(payload: Uint8Array): ExtensionHandshake | null {
  if (payload.length > HANDSHAKE_BYTES_MAX) return null;
  if (sameBytes(payload, lastPayload)) return lastDecoded;
  const decoded = decode(payload);
  if (payload.length <= KEPT_BYTES_MAX) {
    lastPayload = payload.slice();
    lastDecoded = decoded;
  }
  return decoded;
}

function decode(payload: Uint8Array): ExtensionHandshake | null {
  const decoded = decodeBencode(payload, { lenientKeyOrder: true });
  if (!decoded.ok || decoded.value.kind !== 'dictionary') return null;
  const dictionary = decoded.value;
  const uploadOnly = dictionary.get('upload_only')?.integer();
  return {
    messages: messagesOf(dictionary.get('m')),
    port: integerWithin(dictionary.get('p'), 1, 65_535),
    client: clientName(dictionary.get('v')),
    reqq: integerWithin(dictionary.get('reqq'), 1, Number.MAX_SAFE_INTEGER),
    metadataSizeBytes: integerWithin(dictionary.get('metadata_size'), 1, METADATA_BYTES_MAX),
    yourIp: addressText(dictionary.get('yourip')?.bytes()),
    uploadOnly: uploadOnly === undefined ? null : uploadOnly !== 0,
  };
}

/** Adds what a handshake says to the ids that the peer named before: a name again replaces, 0 removes (BEP 10). `ids` never holds more
 *  than EXTENSION_IDS_MAX names; those beyond are ignored. */
export function mergeExtensionIds(ids: Map<string, number>, messages: ReadonlyMap<string, number>): void {
  for (const [name, id] of messages) {
    if (id === 0) ids.delete(name);
    else if (ids.has(name) || ids.size < EXTENSION_IDS_MAX) ids.set(name, id);
  }
}

function messagesOf(value: BencodeValue | undefined): ReadonlyMap<string, number> {
  const messages = new Map<string, number>();
  for (const [key, item] of value?.entries() ?? []) {
    if (messages.size === EXTENSION_IDS_MAX) break;
    const name = key.length <= MESSAGE_NAME_BYTES_MAX ? decodeUtf8(key) : undefined;
    const id = integerWithin(item, 0, 255);
    if (name !== undefined && id !== null) messages.set(name, id);
  }
  return messages;
}

function clientName(value: BencodeValue | undefined): string | null {
  const bytes = value?.bytes();
  return bytes === undefined ? null : decodeUtf8Lossy(bytes.subarray(0, CLIENT_NAME_BYTES_MAX));
}

function addressText(bytes: Uint8Array | undefined): string | null {
  if (bytes?.length !== IPV4_BYTES && bytes?.length !== IPV6_BYTES) return null;
  return formatIpAddress(bytes, 0, bytes.length);
}

function integerWithin(value: BencodeValue | undefined, least: number, most: number): number | null {
  const integer = value?.integer();
  return integer !== undefined && integer >= least && integer <= most ? integer : null;
}
