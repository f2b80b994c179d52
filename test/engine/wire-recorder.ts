// A handler that writes down what the reader tells it, so that two ways of delivering one stream can be compared.

import { WireReader } from '../../engine/wire/reader.ts';
import type { WireFault } from '../../engine/wire/fault.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** One line a call, in order. The parts of a payload become one line when it ends: its bytes, or the sum of its stamps. */
export class Recorder extends WireReader {
  readonly calls: string[] = [];
  /** What a call answers, chosen by its line. */
  answer: (call: string) => WireFault | null = () => null;
  #payload: number[] = [];
  #stampedBytes = 0;
  #stamp = 0;

  #note(call: string): WireFault | null {
    this.calls.push(call);
    return this.answer(call);
  }

  handshakeInfoHash(reserved: Uint8Array, infoHash: Uint8Array): WireFault | null {
    return this.#note(`infoHash ${hex(reserved)} ${hex(infoHash)}`);
  }
  handshakePeerId(peerId: Uint8Array): WireFault | null {
    return this.#note(`peerId ${hex(peerId)}`);
  }
  keepAlive(): void {
    this.#note('keepAlive');
  }
  choke(): WireFault | null {
    return this.#note('choke');
  }
  unchoke(): WireFault | null {
    return this.#note('unchoke');
  }
  interested(): WireFault | null {
    return this.#note('interested');
  }
  notInterested(): WireFault | null {
    return this.#note('notInterested');
  }
  have(piece: number): WireFault | null {
    return this.#note(`have ${piece}`);
  }
  bitfield(bits: Uint8Array): WireFault | null {
    return this.#note(`bitfield ${hex(bits)}`);
  }
  request(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    return this.#note(`request ${piece} ${beginBytes} ${lengthBytes}`);
  }
  cancel(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    return this.#note(`cancel ${piece} ${beginBytes} ${lengthBytes}`);
  }
  pieceStart(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    this.#payload = [];
    this.#stampedBytes = 0;
    return this.#note(`piece ${piece} ${beginBytes} ${lengthBytes}`);
  }
  pieceBytes(chunk: Uint8Array, start: number, end: number): void {
    if (this.answer(`bytes ${end - start}`) === null) this.#payload.push(...chunk.subarray(start, end));
  }
  pieceStamp(stamp: number, lengthBytes: number): void {
    this.#stamp = stamp;
    this.#stampedBytes += lengthBytes;
  }
  pieceEnd(): WireFault | null {
    if (this.#stampedBytes > 0) return this.#note(`end stamp ${this.#stamp} ${this.#stampedBytes}`);
    return this.#note(`end ${hex(Uint8Array.from(this.#payload))}`);
  }
  port(port: number): WireFault | null {
    return this.#note(`port ${port}`);
  }
  suggest(piece: number): WireFault | null {
    return this.#note(`suggest ${piece}`);
  }
  haveAll(): WireFault | null {
    return this.#note('haveAll');
  }
  haveNone(): WireFault | null {
    return this.#note('haveNone');
  }
  reject(piece: number, beginBytes: number, lengthBytes: number): WireFault | null {
    return this.#note(`reject ${piece} ${beginBytes} ${lengthBytes}`);
  }
  allowedFast(piece: number): WireFault | null {
    return this.#note(`allowedFast ${piece}`);
  }
  extended(id: number, payload: Uint8Array): WireFault | null {
    return this.#note(`extended ${id} ${hex(payload)}`);
  }
}
