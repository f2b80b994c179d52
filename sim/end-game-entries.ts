// When a leecher's end-game begins, as the wire shows it, and which blocks could come twice from then on.

import type { SimNode } from './sim-node.ts';
import { WIRE, type WireObserver } from './wire-observer.ts';

/** Filled while the observer sees: by leecher, the blocks that were outstanding when it first asked a second peer for one, for that is when
 *  its end-game began, and those that it asked for since. */
export function endGameEntries(observer: WireObserver): ReadonlyMap<SimNode, ReadonlySet<number>> {
  const entries = new Map<SimNode, Set<number>>();
  observer.onFrame = (node, _other, id, piece, block) => {
    if (id !== WIRE.request) return;
    const key = observer.keyOf(piece, block);
    const entry = entries.get(node);
    if (entry !== undefined) entry.add(key);
    else {
      const outstanding = observer.outstanding(node);
      if ((outstanding.get(key)?.length ?? 0) > 1) entries.set(node, new Set(outstanding.keys()));
    }
  };
  return entries;
}
