// UTF-8 to text, strict or forgiving, for strings that others wrote. Overlong forms, surrogates and code points beyond U+10FFFF are
// invalid (RFC 3629). The engine has neither Node's nor the browser's decoders.

const REPLACEMENT = 0xfffd;
const CODE_UNITS_AT_ONCE = 1024;

/** The text of valid UTF-8, undefined where a byte breaks it. A byte order mark stays. `bytes`: borrowed for the call. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  return decode(bytes, true);
}

/** The text of any bytes: each byte that breaks UTF-8 becomes U+FFFD. `bytes`: borrowed for the call. */
export function decodeUtf8Lossy(bytes: Uint8Array): string {
  return decode(bytes, false) ?? '';
}

/** Bytes that a code point takes in UTF-8. */
export function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

function decode(bytes: Uint8Array, strict: boolean): string | undefined {
  // A plain array: spreading it is several times faster than spreading a typed one.
  const units: number[] = [];
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const codePoint = codePointAt(bytes, at);
    if (codePoint < 0 && strict) return undefined;
    if (codePoint < 0x10000) units.push(codePoint < 0 ? REPLACEMENT : codePoint);
    else units.push(0xd800 + ((codePoint - 0x10000) >> 10), 0xdc00 + ((codePoint - 0x10000) & 0x3ff));
    at += codePoint < 0 ? 1 : utf8Length(codePoint);
    if (units.length >= CODE_UNITS_AT_ONCE) {
      text += String.fromCharCode(...units);
      units.length = 0;
    }
  }
  return text + String.fromCharCode(...units);
}

/** The code point that begins at `at`, −1 where none does. */
function codePointAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return lead;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  const following = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  let codePoint = lead & (0x3f >> following);
  for (let i = 1; i <= following; i += 1) {
    // Reads 0 beyond the end, which continues nothing.
    const byte = bytes[at + i] ?? 0;
    if ((byte & 0xc0) !== 0x80) return -1;
    codePoint = (codePoint << 6) | (byte & 0x3f);
  }
  const overlong = utf8Length(codePoint) !== following + 1;
  const surrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return overlong || surrogate || codePoint > 0x10ffff ? -1 : codePoint;
}
