// The types of the package cover its main entry only; one generator alone is a file of its own.
declare module 'seedrandom/lib/alea.js' {
  /** `int32` draws a signed 32-bit integer. */
  export default function alea(seed: string): { int32(this: void): number };
}
