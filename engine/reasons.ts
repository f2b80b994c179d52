// Why the last decisions about each peer fell as they did. Kept only where somebody looks (`EngineOptions.explain`): a run that is
// explained decides nothing else than one that is not.
//
// Holds the last batch of picks and the last word of the choker for each peer that is connected: bounded by the connections.

import type { Instant } from './contract.ts';
import type { ChokeReason, PickReason, PickRule } from './inspection.ts';
import type { Peer } from './peers/peer.ts';
import { type AskedPeer, PIECE_MISSING, type Picker } from './pieces/picker.ts';

const NO_PICKS: readonly PickReason[] = [];

export class Reasons {
  readonly #picks = new WeakMap<AskedPeer, PickReason[]>();
  readonly #chokes = new WeakMap<Peer, ChokeReason>();
  #candidates = 0;
  #ties = 0;

  /** A new piece is about to be begun for a peer: what else could have been. */
  choosing(picker: Picker, peer: AskedPeer, piece: number): void {
    const copies = picker.availability(piece);
    this.#candidates = 0;
    this.#ties = 0;
    for (let other = 0; other < picker.geometry.pieceCount; other += 1) {
      if (picker.state(other) !== PIECE_MISSING || picker.priority(other) === 0 || !peer.mayAsk(other)) continue;
      this.#candidates += 1;
      if (picker.availability(other) === copies) this.#ties += 1;
    }
  }

  /** Blocks of one piece were taken: `keys` from `first` on. */
  picked(picker: Picker, peer: AskedPeer, rule: PickRule, at: Instant, keys: readonly number[], first: number): void {
    if (keys.length === first) return;
    const key = keys[first] as number;
    const piece = Math.floor(key / picker.geometry.blocksPerPiece);
    const before = this.#picks.get(peer) ?? [];
    const batch = before[0]?.at === at ? before : [];
    batch.push({
      at,
      rule,
      piece,
      firstBlock: key - piece * picker.geometry.blocksPerPiece,
      blockCount: keys.length - first,
      copies: picker.availability(piece),
      candidates: this.#candidates,
      ties: this.#ties,
    });
    this.#candidates = 0;
    this.#ties = 0;
    this.#picks.set(peer, batch);
  }

  choked(peer: Peer, reason: ChokeReason): void {
    this.#chokes.set(peer, reason);
  }

  picksOf(peer: Peer): readonly PickReason[] {
    return this.#picks.get(peer) ?? NO_PICKS;
  }

  chokeOf(peer: Peer): ChokeReason | null {
    return this.#chokes.get(peer) ?? null;
  }
}
