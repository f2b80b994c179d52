// Writes a journal, frame by frame. An entry is begun, its fields follow, the next `begin` ends it; nothing leaves before a frame is full
// or `flush`, so an entry costs no more than its bytes.

import { FieldWriter, type JournalValue } from './fields.ts';
import {
  crc32,
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  JOURNAL_VERSION,
  type JournalHeader,
  MAGIC,
  writeUint32,
} from './format.ts';

export class JournalWriter {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #fields = new FieldWriter(FRAME_HEADER_BYTES);
  #at = 0;
  #flushedAt = 0;

  /** `write`: takes the next bytes of the file, borrowed for the call. The header is written at once. */
  constructor(write: (bytes: Uint8Array) => void, header: JournalHeader) {
    this.#write = write;
    write(Uint8Array.of(...MAGIC, JOURNAL_VERSION));
    this.#fields.value({ build: header.build, about: header.about });
    this.flush();
  }

  /** Begins the next entry. `at`: microseconds, whole, never less than before. */
  begin(kind: number, at: number): void {
    if (this.#fields.length >= FRAME_BYTES) this.flush();
    this.#fields.uint(kind);
    this.#fields.uint(Math.max(0, at - this.#at));
    this.#at = at;
  }

  uint(value: number): void {
    this.#fields.uint(value);
  }

  bytes(source: Uint8Array, start?: number, end?: number): void {
    this.#fields.bytes(source, start, end);
  }

  text(text: string): void {
    this.#fields.text(text);
  }

  value(value: JournalValue): void {
    this.#fields.value(value);
  }

  /** Time of the last entry since the last flush, in microseconds: how much would be lost. */
  get unflushedUs(): number {
    return this.#at - this.#flushedAt;
  }

  /** Hands everything to `write`. Only between entries. */
  flush(): void {
    this.#flushedAt = this.#at;
    if (this.#fields.length === FRAME_HEADER_BYTES) return;
    const frame = this.#fields.written;
    writeUint32(frame, 0, frame.length - FRAME_HEADER_BYTES);
    writeUint32(frame, 4, crc32(frame, FRAME_HEADER_BYTES, frame.length));
    this.#fields.truncate(FRAME_HEADER_BYTES);
    this.#write(frame);
  }
}
