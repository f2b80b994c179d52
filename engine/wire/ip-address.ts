// Numeric IP addresses as bytes and as text. One address has one text (RFC 5952), so that texts can be compared; an IPv4 address that
// came inside an IPv6 one (::ffff:a.b.c.d, as dual-stack sockets show them) is that IPv4 address. Names and zone ids are not addresses.

export const IPV4_BYTES = 4;
export const IPV6_BYTES = 16;

const GROUPS = 8;
/** Bytes of an IPv6 address before the IPv4 address that it carries: ten of 0, two of 255. */
const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255);
/** The longest text: eight groups, the last two as IPv4. */
const TEXT_LENGTH_MAX = 45;

/** The 4 or 16 new bytes of a numeric address, null where `text` is none. */
export function parseIpAddress(text: string): Uint8Array | null {
  if (text.length > TEXT_LENGTH_MAX) return null;
  if (!text.includes(':')) return parseIpv4(text);
  const bytes = parseIpv6(text);
  return bytes !== null && isMapped(bytes, 0) ? bytes.slice(MAPPED_PREFIX.length) : bytes;
}

/** The one text of the address whose `lengthBytes` (4 or 16) begin at `at`. */
export function formatIpAddress(bytes: Uint8Array, at: number, lengthBytes: number): string {
  if (lengthBytes === IPV4_BYTES) return bytes.subarray(at, at + IPV4_BYTES).join('.');
  if (isMapped(bytes, at)) return formatIpAddress(bytes, at + MAPPED_PREFIX.length, IPV4_BYTES);
  const groups: number[] = [];
  for (let from = at; from < at + IPV6_BYTES; from += 2) {
    groups.push(((bytes[from] as number) << 8) | (bytes[from + 1] as number));
  }
  return formatGroups(groups);
}

/** The one text of a numeric address, null where `text` is none. */
export function canonicalIpAddress(text: string): string | null {
  const bytes = parseIpAddress(text);
  return bytes === null ? null : formatIpAddress(bytes, 0, bytes.length);
}

/** `host:port`, with brackets around IPv6. The host may be a name. */
export function formatAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function isMapped(bytes: Uint8Array, at: number): boolean {
  return MAPPED_PREFIX.every((byte, index) => bytes[at + index] === byte);
}

function parseIpv4(text: string): Uint8Array | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  const octets = match.slice(1);
  // A leading zero means octal to some readers: two readers of one address are an attack.
  const legal = octets.every((octet) => Number(octet) <= 255 && (octet === '0' || !octet.startsWith('0')));
  return legal ? Uint8Array.from(octets, Number) : null;
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const left = parseGroups(halves[0] as string, halves.length === 1);
  const right = halves.length === 1 ? [] : parseGroups(halves[1] as string, true);
  if (left === null || right === null) return null;
  const zeros = GROUPS - left.length - right.length;
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return null;
  const groups = [...left, ...Array.from({ length: zeros }, () => 0), ...right];
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** Groups between colons; the last may be an IPv4 address, worth two, where the text ends with it. */
function parseGroups(text: string, endsAddress: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const tail = endsAddress && index === parts.length - 1 ? parseIpv4(part) : null;
    if (tail !== null) {
      const [a, b, c, d] = tail as unknown as readonly [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

/** Lower case, no leading zeros, `::` for the first of the longest runs of at least two zero groups (RFC 5952). */
function formatGroups(groups: readonly number[]): string {
  let bestStart = 0;
  let bestLength = 1;
  for (let start = 0; start < GROUPS; start += 1) {
    let end = start;
    while (end < GROUPS && groups[end] === 0) end += 1;
    if (end - start > bestLength) {
      bestStart = start;
      bestLength = end - start;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestLength === 1) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}
