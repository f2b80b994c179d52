// Big-endian integers in byte arrays: the wire and UDP trackers speak them, and a `DataView` per buffer would cost an object each.

/** Reads 4 bytes as an unsigned integer. The caller has checked that they are there. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** Reads 2 bytes as an unsigned integer. The caller has checked that they are there. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Writes 4 bytes; `value`: 0 … 2³² − 1. Returns the offset after them. */
export function writeUint32(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

/** Writes 2 bytes; `value`: 0 … 65,535. Returns the offset after them. */
export function writeUint16(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 8;
  out[at + 1] = value;
  return at + 2;
}

/** Writes 8 bytes; `value`: 0 … 2⁵³ − 1. Returns the offset after them. */
export function writeUint64(out: Uint8Array, at: number, value: number): number {
  return writeUint32(out, writeUint32(out, at, Math.floor(value / 2 ** 32)), value % 2 ** 32);
}
