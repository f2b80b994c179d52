// Who sent what was bad. A piece whose hash failed leaves the digests of its blocks and the names of their senders; when the piece
// passes at last, the blocks that differ name the guilty exactly (libtorrent calls this "smart ban"). Until then every contributor is
// on parole. The only contributor of a failed piece is guilty at once.
//
// Bounded: FAILED_PIECES_MAX pieces, FAILED_ATTEMPTS_MAX attempts each; what is forgotten only leaves its contributors on parole.

import { SHA1_LENGTH_BYTES } from '../limits.ts';
import type { Payload } from '../contract.ts';
import type { KnownPeer } from '../peers/peer-book.ts';

const FAILED_PIECES_MAX = 256;
const FAILED_ATTEMPTS_MAX = 8;

interface FailedAttempt {
  /** 20 bytes a block. */
  readonly digests: Uint8Array;
  /** One a block; null: it came from the disk. */
  readonly contributors: readonly (KnownPeer | null)[];
}

/** Those who sent a part of the piece, each once; null stands for the disk. */
export function contributorsOf(blocks: readonly (KnownPeer | null)[]): Set<KnownPeer | null> {
  return new Set(blocks);
}

export class Blame {
  readonly #failed = new Map<number, FailedAttempt[]>();

  /** A failed attempt at this piece is remembered: its blocks are worth comparing when it passes. */
  remembers(piece: number): boolean {
    return this.#failed.has(piece);
  }

  /** Remembers a failed attempt. `digests`: moved here. */
  remember(piece: number, digests: Uint8Array, contributors: readonly (KnownPeer | null)[]): void {
    const attempts = this.#failed.get(piece) ?? [];
    if (attempts.length === 0 && this.#failed.size >= FAILED_PIECES_MAX) this.#forgetOldest();
    if (attempts.length >= FAILED_ATTEMPTS_MAX) return;
    attempts.push({ digests, contributors });
    this.#failed.set(piece, attempts);
    for (const peer of contributorsOf(contributors)) if (peer) peer.suspicions += 1;
  }

  /** The piece passed with these block digests: returns who sent a different block before, and who is cleared by it. Forgets the piece.
   *  `payloads`: of the piece that passed. A block that stood on the disk was read again for its digest, perhaps not as for the hash that
   *  passed: it proves nothing, for or against anyone. */
  judge(
    piece: number,
    good: Uint8Array,
    payloads: readonly (Payload | null)[],
  ): { readonly guilty: ReadonlySet<KnownPeer>; readonly cleared: ReadonlySet<KnownPeer> } {
    const guilty = new Set<KnownPeer>();
    const suspects = new Set<KnownPeer>();
    const unproven = new Set<KnownPeer>();
    for (const attempt of this.#failed.get(piece) ?? []) {
      attempt.contributors.forEach((peer, block) => {
        if (peer === null) return;
        suspects.add(peer);
        if (payloads[block] === null) unproven.add(peer);
        else if (differs(attempt.digests, good, block)) guilty.add(peer);
      });
      for (const peer of contributorsOf(attempt.contributors)) if (peer) peer.suspicions -= 1;
    }
    this.#failed.delete(piece);
    const isCleared = (peer: KnownPeer) => !guilty.has(peer) && !unproven.has(peer) && peer.suspicions === 0;
    const cleared = new Set([...suspects].filter(isCleared));
    return { guilty, cleared };
  }

  #forgetOldest(): void {
    for (const [piece, attempts] of this.#failed) {
      for (const attempt of attempts) {
        for (const peer of contributorsOf(attempt.contributors)) if (peer) peer.suspicions -= 1;
      }
      this.#failed.delete(piece);
      return;
    }
  }
}

function differs(a: Uint8Array, b: Uint8Array, block: number): boolean {
  for (let i = block * SHA1_LENGTH_BYTES; i < (block + 1) * SHA1_LENGTH_BYTES; i += 1) if (a[i] !== b[i]) return true;
  return false;
}
