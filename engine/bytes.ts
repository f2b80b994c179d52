// What several parts do with bytes: compare them, show them, look at one bit of them.

/** True where both have the same length and content. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower case, two digits a byte. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 1) text += HEX[bytes[i] as number] as string;
  return text;
}

/** One bit in wire order: high bit first (BEP 3). */
export function hasBit(bits: Uint8Array, index: number): boolean {
  return ((bits[index >>> 3] as number) & (0x80 >>> (index & 7))) !== 0;
}

/** One character a byte: how protocols that are text carry bytes. */
export function binaryText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

/** The bytes of such a text; of a character beyond a byte the low eight bits. */
export function binaryBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
