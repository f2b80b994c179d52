// One tracker asked over both address families (BEP 7): when it has answered, and what.

import { type AnnounceReply, mergeReplies } from '#engine';

/** The other family is waited for so long once one has answered. */
const OTHER_FAMILY_MS = 3_000;

/** All replies as one, or what there is a moment after the first good one. `asked`: at least one, none of which fails. */
export function firstAndOther(
  asked: readonly Promise<AnnounceReply>[],
  otherFamilyMs = OTHER_FAMILY_MS,
): Promise<AnnounceReply> {
  return new Promise((resolve) => {
    let outstanding = asked.length;
    let reply: AnnounceReply | null = null;
    for (const one of asked)
      void one.then((came) => {
        outstanding -= 1;
        const all = reply === null ? came : mergeReplies(reply, came);
        reply = all;
        if (outstanding === 0) resolve(all);
        else if (came.ok) setTimeout(() => resolve(all), otherFamilyMs);
      });
  });
}
