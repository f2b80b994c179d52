// The messages of the metadata exchange (BEP 9): a bencoded dictionary, and after that of `data` the raw piece. What cannot be read, or has a
// type that nobody knows, says nothing (CONFORMANCE 53). BEP 9's example of a reject encodes 1; the type is 2.

import bencode from 'bencode';
import { decodeBencodePrefix } from '../bencode/decode.ts';

/** The name under which it is negotiated, and the id under which we want it. */
export const METADATA_NAME = 'ut_metadata';
export const METADATA_ID = 2;

const REQUEST = 0;
const DATA = 1;
const REJECT = 2;
/** The dictionary of a message takes some 50 bytes. */
const DICTIONARY_BYTES_MAX = 1024;

export type MetadataMessage =
  /** `piece`: as the peer says it; may be negative. */
  | { readonly kind: 'request'; readonly piece: number }
  /** `totalBytes`: size of the whole, null: not said. `data`: a view. */
  | { readonly kind: 'data'; readonly piece: number; readonly totalBytes: number | null; readonly data: Uint8Array }
  | { readonly kind: 'reject'; readonly piece: number };

/** Reads the payload (borrowed) of an extended message `ut_metadata`; null where it says nothing. */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | null {
  const head = payload.length > DICTIONARY_BYTES_MAX ? payload.subarray(0, DICTIONARY_BYTES_MAX) : payload;
  const decoded = decodeBencodePrefix(head, { lenientKeyOrder: true });
  if (!decoded.ok || decoded.value.kind !== 'dictionary') return null;
  const dictionary = decoded.value;
  const piece = dictionary.get('piece')?.integer();
  if (piece === undefined) return null;
  const type = dictionary.get('msg_type')?.integer();
  if (type === REQUEST) return { kind: 'request', piece };
  if (type === REJECT) return { kind: 'reject', piece };
  if (type !== DATA) return null;
  const totalBytes = dictionary.get('total_size')?.integer() ?? null;
  return { kind: 'data', piece, totalBytes, data: payload.subarray(decoded.end) };
}

export function encodeMetadataRequest(piece: number): Uint8Array {
  return bencode.encode({ msg_type: REQUEST, piece });
}

export function encodeMetadataReject(piece: number): Uint8Array {
  return bencode.encode({ msg_type: REJECT, piece });
}

/** `data`: the piece, copied. */
export function encodeMetadataData(piece: number, totalBytes: number, data: Uint8Array): Uint8Array {
  const head = bencode.encode({ msg_type: DATA, piece, total_size: totalBytes });
  const message = new Uint8Array(head.length + data.length);
  message.set(head);
  message.set(data, head.length);
  return message;
}
