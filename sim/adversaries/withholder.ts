// A7: the withholder. It serves every piece but one, which it claims and never sends, so that a swarm is kept from completing.

import { FalseSeed } from './false-seed.ts';
import type { ScriptedConnection } from './scripted-connection.ts';
import type { ScriptOptions } from './scripted-peer.ts';

export class Withholder extends FalseSeed {
  readonly #withheld: number;

  /** `withheld`: the piece that is never sent. */
  constructor(options: ScriptOptions & { readonly withheld: number }) {
    super(options);
    this.#withheld = options.withheld;
  }

  protected override asked(
    connection: ScriptedConnection,
    piece: number,
    beginBytes: number,
    lengthBytes: number,
  ): void {
    if (piece !== this.#withheld) this.serve(connection, piece, beginBytes, lengthBytes);
  }
}
