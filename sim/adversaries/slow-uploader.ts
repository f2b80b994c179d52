// A8: the slow uploader. It lets everybody in and sends each one block every 59 s, just before the minute after which a request counts as
// lost, so that pieces stay open and nobody is ever quite sure that it is useless.

import { FalseSeed } from './false-seed.ts';
import type { ScriptedConnection } from './scripted-connection.ts';

const EVERY_SECONDS = 59;

interface Waiting {
  readonly since: number;
  readonly piece: number;
  readonly beginBytes: number;
  readonly lengthBytes: number;
}

export class SlowUploader extends FalseSeed {
  /** What each asked for, oldest first; bounded by what an honest peer asks for. */
  readonly #waiting = new Map<ScriptedConnection, Waiting[]>();
  readonly #servedAt = new Map<ScriptedConnection, number>();

  protected override asked(
    connection: ScriptedConnection,
    piece: number,
    beginBytes: number,
    lengthBytes: number,
  ): void {
    const waiting = this.#waiting.get(connection) ?? [];
    waiting.push({ since: this.seconds, piece, beginBytes, lengthBytes });
    this.#waiting.set(connection, waiting);
  }

  protected override onSecond(): void {
    for (const [connection, waiting] of this.#waiting) {
      const [oldest] = waiting;
      if (oldest === undefined) continue;
      const since = Math.max(oldest.since, this.#servedAt.get(connection) ?? 0);
      if (this.seconds - since < EVERY_SECONDS) continue;
      waiting.shift();
      this.#servedAt.set(connection, this.seconds);
      this.serve(connection, oldest.piece, oldest.beginBytes, oldest.lengthBytes);
    }
  }

  protected override lost(connection: ScriptedConnection): void {
    this.#waiting.delete(connection);
    this.#servedAt.delete(connection);
  }
}
