// Reads a journal that is whole in memory. What was cut off at the end (a program that was killed) is left out and named; damage ends the
// reading there and is named too: everything before it is as it was written, as its checksums say.

import { FieldReader, type JournalValue } from './fields.ts';
import {
  crc32,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  JOURNAL_VERSION,
  JournalError,
  type JournalHeader,
  MAGIC,
  readUint32,
} from './format.ts';

export class JournalReader {
  readonly header: JournalHeader;
  /** Of the entry that was read last. */
  kind = -1;
  at = 0;
  /** Entries read. */
  count = 0;
  /** One line, once `next` has returned false: what follows the last whole frame; null: the journal ends with one. */
  cut: string | null = null;
  /** One line, once `next` has returned false: why what follows cannot be believed. */
  damage: string | null = null;
  readonly #bytes: Uint8Array;
  readonly #fields: FieldReader;
  #frameEnd: number;

  /** `bytes`: borrowed as long as the reader and what it gave out are used. Throws `JournalError` where there is no whole header. */
  constructor(bytes: Uint8Array) {
    if (!MAGIC.every((value, index) => bytes[index] === value)) throw new JournalError('not a journal');
    const version = bytes[MAGIC.length];
    if (version !== JOURNAL_VERSION)
      throw new JournalError(`a journal of version ${version ?? '?'}; this program reads version ${JOURNAL_VERSION}`);
    this.#bytes = bytes;
    this.#frameEnd = MAGIC.length + 1;
    this.#fields = new FieldReader(bytes, 0, 0);
    if (!this.#nextFrame()) throw new JournalError(`no header: ${this.damage ?? this.cut ?? 'nothing follows'}`);
    this.header = headerOf(this.#fields.value());
  }

  /** Goes to the next entry, whose fields must then be read in full. False at the end. Throws `JournalError` where a whole frame does not
   *  hold what it should. */
  next(): boolean {
    if (this.#fields.at === this.#fields.end && !this.#nextFrame()) return false;
    this.kind = this.#fields.uint();
    this.at += this.#fields.uint();
    this.count += 1;
    return true;
  }

  uint(): number {
    return this.#fields.uint();
  }

  /** A view of the journal. */
  bytes(): Uint8Array {
    return this.#fields.bytes();
  }

  text(): string {
    return this.#fields.text();
  }

  value(): JournalValue {
    return this.#fields.value();
  }

  #nextFrame(): boolean {
    const at = this.#frameEnd;
    const left = this.#bytes.length - at;
    if (left === 0) return false;
    const length = left < FRAME_HEADER_BYTES ? 0 : readUint32(this.#bytes, at);
    const start = at + FRAME_HEADER_BYTES;
    if (left >= FRAME_HEADER_BYTES && (length === 0 || length > FRAME_BYTES_MAX))
      this.damage = `byte ${at}: damaged: a frame of ${length} bytes`;
    else if (left < FRAME_HEADER_BYTES + length || left < FRAME_HEADER_BYTES)
      this.cut = `byte ${at}: cut short: the last ${left} bytes are no whole frame`;
    else if (crc32(this.#bytes, start, start + length) !== readUint32(this.#bytes, at + 4))
      this.damage = `byte ${at}: damaged: the checksum of ${length} bytes does not match`;
    else {
      this.#fields.at = start;
      this.#fields.end = start + length;
      this.#frameEnd = start + length;
      return true;
    }
    return false;
  }
}

function headerOf(value: JournalValue): JournalHeader {
  const { build, about } = (value ?? {}) as { build?: JournalValue; about?: JournalValue };
  if (typeof build === 'string' && typeof about === 'object' && about !== null)
    return { build, about: about as JournalHeader['about'] };
  throw new JournalError('a header without build and about');
}
