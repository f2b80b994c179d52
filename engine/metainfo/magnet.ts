// Reads a magnet link (BEP 9, 53): which torrent, and where to look for it. Everything in it is somebody else's text: bounded, never thrown at.
//
// An unknown parameter is ignored, and so is a tracker or peer that nobody can use. What would make another download of it is refused: a
// malformed info-hash or file selection. A link with a version 2 hash alone is refused; beside a version 1 hash it is ignored.

import { decodeUtf8Lossy } from '../bencode/utf8.ts';
import type { Result } from '../contract.ts';
import { MAGNET_LENGTH_MAX, MAGNET_PEERS_MAX, SELECTION_RANGES_MAX, SHA1_LENGTH_BYTES } from '../limits.ts';
import { canonicalIpAddress } from '../wire/ip-address.ts';
import { UsableTrackers } from './trackers.ts';

/** Files of a torrent by their index, `first` and `last` included. */
export interface FileRange {
  readonly first: number;
  readonly last: number;
}

export interface Magnet {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** `dn`: what to call it while nothing else is known; untrusted text. */
  readonly name: string | null;
  /** Each `tr` is a tier of its own, in the link's order. */
  readonly announceTiers: readonly (readonly string[])[];
  /** `x.pe`: `host` is a numeric address without brackets, or a name that somebody has to look up. */
  readonly peers: readonly { readonly host: string; readonly port: number }[];
  /** `so` (BEP 53): the only files that are wanted; null: all. */
  readonly selection: readonly FileRange[] | null;
}

/** Why a text is no magnet link that we can follow. */
export type MagnetError =
  | 'notMagnet'
  /** Longer than MAGNET_LENGTH_MAX. */
  | 'tooLong'
  /** No `xt=urn:btih:`. */
  | 'noInfoHash'
  /** `xt=urn:btmh:` alone (BEP 52). */
  | 'v2Only'
  | 'infoHash'
  | 'selection';

const SCHEME = 'magnet:?';
const V1 = 'urn:btih:';
const V2 = 'urn:btmh:';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const NAME_LENGTH_MAX = 255;

/** Whether a text asks to be read by `parseMagnet`, and not as the name of a file. */
export function isMagnet(text: string): boolean {
  return text.slice(0, SCHEME.length - 1).toLowerCase() === SCHEME.slice(0, -1);
}

export function parseMagnet(text: string): Result<Magnet, MagnetError> {
  if (text.length > MAGNET_LENGTH_MAX) return refuse('tooLong', `more than ${MAGNET_LENGTH_MAX} characters`);
  if (text.slice(0, SCHEME.length).toLowerCase() !== SCHEME)
    return refuse('notMagnet', `does not begin with ${SCHEME}`);
  const parameters = parametersOf(text.slice(SCHEME.length));
  const topics = valuesOf(parameters, 'xt');
  const topic = topics.find((value) => value.toLowerCase().startsWith(V1));
  if (topic === undefined) {
    if (topics.some((value) => value.toLowerCase().startsWith(V2)))
      return refuse('v2Only', 'only a version 2 hash (urn:btmh): version 2 torrents are not supported');
    return refuse('noInfoHash', 'no info-hash: xt=urn:btih:… is missing');
  }
  const infoHash = infoHashOf(topic.slice(V1.length));
  if (infoHash === null)
    return refuse('infoHash', 'the info-hash (urn:btih) is neither 40 hexadecimal digits nor 32 of base32');
  const wanted = valuesOf(parameters, 'so')[0];
  const selection = wanted === undefined ? null : selectionOf(wanted);
  if (selection === undefined)
    return refuse('selection', 'the files to take (so) are no list of numbers and ranges such as 0,2,5-7');
  const trackers = new UsableTrackers();
  const announceTiers = valuesOf(parameters, 'tr').flatMap((url) => (trackers.add(url) ? [[url.trim()]] : []));
  const name = valuesOf(parameters, 'dn')[0]?.trim().slice(0, NAME_LENGTH_MAX) ?? '';
  return {
    ok: true,
    value: {
      infoHash,
      name: name === '' ? null : name,
      announceTiers,
      peers: valuesOf(parameters, 'x.pe').flatMap(peerOf).slice(0, MAGNET_PEERS_MAX),
      selection,
    },
  };
}

type Parameter = readonly [key: string, value: string];

/** Keys in lower case, without the number that some links give to repeated ones (`tr.1`). */
function parametersOf(query: string): Parameter[] {
  return query.split('&').map((part) => {
    const equals = part.indexOf('=');
    const key = (equals === -1 ? part : part.slice(0, equals)).toLowerCase().replace(/\.\d+$/, '');
    return [key, equals === -1 ? '' : percentDecoded(part.slice(equals + 1))];
  });
}

function valuesOf(parameters: readonly Parameter[], key: string): string[] {
  return parameters.filter(([name]) => name === key).map(([, value]) => value);
}

/** What is no valid escape stays as it is. */
function percentDecoded(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  return spaced.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = run.slice(1).split('%');
    return decodeUtf8Lossy(Uint8Array.from(bytes, (digits) => Number.parseInt(digits, 16)));
  });
}

function infoHashOf(text: string): Uint8Array | null {
  if (/^[0-9a-f]{40}$/i.test(text))
    return Uint8Array.from({ length: SHA1_LENGTH_BYTES }, (_, at) =>
      Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
    );
  return /^[a-z2-7]{32}$/i.test(text) ? fromBase32(text.toUpperCase()) : null;
}

/** Eight digits are five bytes. */
function fromBase32(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length * 5) / 8);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of text) {
    held = (held << 5) | BASE32.indexOf(digit);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = held >>> bits;
    held &= (1 << bits) - 1;
    at += 1;
  }
  return bytes;
}

/** Undefined where the text is no selection. */
function selectionOf(text: string): readonly FileRange[] | undefined {
  const parts = text.split(',');
  if (parts.length > SELECTION_RANGES_MAX) return undefined;
  const ranges: FileRange[] = [];
  for (const part of parts) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) return undefined;
    ranges.push({ first, last });
  }
  return ranges;
}

/** `host:port`, `a.b.c.d:port` or `[ipv6]:port`; none where it is something else. */
function peerOf(text: string): { host: string; port: number }[] {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]{1,253})):(\d{1,5})$/i.exec(text.trim());
  if (match === null) return [];
  const port = Number(match[3]);
  if (port < 1 || port > 65_535) return [];
  const name = match[2] as string | undefined;
  const host = canonicalIpAddress(match[1] ?? (name as string)) ?? (/[a-z]/i.test(name ?? '') ? name : undefined);
  return host === undefined ? [] : [{ host, port }];
}

function refuse(error: MagnetError, why: string): Result<never, MagnetError> {
  return { ok: false, error, detail: `magnet link: ${why}` };
}
