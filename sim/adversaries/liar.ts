// A3: the liar. It has nothing and says otherwise, so that rarity is misjudged, requests are wasted and places are taken. Half of them claim
// everything at once (bitfield), half a piece every second (have); what they are asked for they leave unanswered or reject, half and half.

import { FalseSeed } from './false-seed.ts';
import type { ScriptedConnection } from './scripted-connection.ts';
import type { ScriptOptions } from './scripted-peer.ts';

export interface Lie {
  readonly claims: 'bitfield' | 'have';
  readonly answers: 'nothing' | 'reject';
}

export class Liar extends FalseSeed {
  readonly #lie: Lie;
  readonly #order: number[];
  #claimed = 0;

  constructor(options: ScriptOptions & { readonly lie: Lie }) {
    super(options);
    this.#lie = options.lie;
    this.#order = this.random.shuffle(Array.from({ length: this.pieceCount }, (_, piece) => piece));
  }

  protected override meet(connection: ScriptedConnection): void {
    if (this.#lie.claims === 'bitfield') connection.sendHaveAll();
    else {
      connection.sendHaveNone();
      for (const piece of this.#order.slice(0, this.#claimed)) connection.sendHave(piece);
    }
    connection.sendUnchoke();
  }

  protected override asked(
    connection: ScriptedConnection,
    piece: number,
    beginBytes: number,
    lengthBytes: number,
  ): void {
    if (this.#lie.answers === 'reject') connection.sendReject(piece, beginBytes, lengthBytes);
  }

  protected override onSecond(): void {
    if (this.#lie.claims !== 'have' || this.#claimed === this.pieceCount) return;
    const piece = this.#order[this.#claimed] as number;
    this.#claimed += 1;
    for (const connection of this.connections) if (connection.isUp) connection.sendHave(piece);
  }
}

/** The lie of the `index`-th of several liars: all four kinds in turn. */
export function lieOf(index: number): Lie {
  return { claims: index % 2 === 0 ? 'bitfield' : 'have', answers: index % 4 < 2 ? 'nothing' : 'reject' };
}
