// The package `bencode` ships no types. Only encoding is declared: decoding untrusted bytes is the engine's own.
declare module 'bencode' {
  type Encodable =
    | number
    | bigint
    | string
    | Uint8Array
    | readonly Encodable[]
    | { readonly [key: string]: Encodable | undefined };
  const bencode: {
    /** Keys are sorted; undefined values are left out; a fractional number is truncated. */
    encode(value: Encodable): Uint8Array;
    /** For tests on canonical input only: hostile input exhausts the heap. */
    decode(bytes: Uint8Array): unknown;
  };
  export default bencode;
}
