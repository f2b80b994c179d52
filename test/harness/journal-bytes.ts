// A file in memory.

export class Bytes {
  bytes: Uint8Array = new Uint8Array(0);

  readonly write = (more: Uint8Array): void => {
    const whole = new Uint8Array(this.bytes.length + more.length);
    whole.set(this.bytes);
    whole.set(more, this.bytes.length);
    this.bytes = whole;
  };
}
