// What a check thread is told and what it answers. Both ends import it; nothing here runs.

/** Given to a thread when it starts: the torrent as far as reading it needs. */
interface CheckPlan {
  /** A real path. */
  readonly root: string;
  readonly pieceLengthBytes: number;
  readonly files: readonly { readonly path: readonly string[]; readonly lengthBytes: number; readonly pad: boolean }[];
}

/** Opens or closes a torrent, or asks for the digests of `count` pieces from `first` on. */
export type CheckOrder =
  | { readonly kind: 'open'; readonly torrent: number; readonly plan: CheckPlan }
  | { readonly kind: 'close'; readonly torrent: number }
  | {
      readonly kind: 'check';
      readonly torrent: number;
      readonly unit: number;
      readonly first: number;
      readonly count: number;
    };

/** `digests`: 20 bytes a piece. `good`: 1 a piece that could be read, else 0. */
export interface CheckAnswer {
  readonly unit: number;
  readonly digests: Uint8Array;
  readonly good: Uint8Array;
}
