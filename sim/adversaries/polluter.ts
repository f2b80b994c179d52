// A2: the polluter. It serves like a seed, and a share of its blocks is garbage: each spoils a whole piece, and may put the blame on those
// who sent the rest of it.

import { corrupted } from '../torrent-contents.ts';
import { FalseSeed } from './false-seed.ts';
import type { ScriptedConnection } from './scripted-connection.ts';
import type { ScriptOptions } from './scripted-peer.ts';

export class Polluter extends FalseSeed {
  readonly #badPercent: number;

  /** `badPercent`: of its blocks that are garbage. */
  constructor(options: ScriptOptions & { readonly badPercent: number }) {
    super(options);
    this.#badPercent = options.badPercent;
  }

  protected override asked(
    connection: ScriptedConnection,
    piece: number,
    beginBytes: number,
    lengthBytes: number,
  ): void {
    const stamp = this.stampOf(piece, beginBytes, lengthBytes);
    if (stamp === null) return;
    const bad = this.random.below(100) < this.#badPercent;
    connection.sendBlock(piece, beginBytes, lengthBytes, bad ? corrupted(stamp) : stamp);
  }
}
