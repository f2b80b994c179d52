// Which trackers a .torrent names (BEP 3, 12): the usable ones, each once, in tiers. Shuffling and promoting is the announcer's.

import type { BencodeValue } from '../bencode/value.ts';
import { TRACKER_URL_BYTES_MAX, TRACKERS_MAX } from '../limits.ts';

/** A scheme that some transport of ours can speak, and a host; no control character, space, or anything outside ASCII. */
const USABLE = /^(?:https?|udp|wss?):\/\/[!-.0->@-~][!-~]*$/i;

/** Tiers of URLs as the file orders them; `announce` counts only where `announce-list` has no usable URL. At most TRACKERS_MAX, each at
 *  most TRACKER_URL_BYTES_MAX long. `root`: the whole file's dictionary. */
export function announceTiers(root: BencodeValue): readonly (readonly string[])[] {
  const seen = new Set<string>();
  const tiers: string[][] = [];
  for (const tier of root.get('announce-list')?.items() ?? []) {
    const urls: string[] = [];
    // Some files hold a plain list of URLs: each is a tier of its own.
    for (const item of tier.items() ?? [tier]) addUsable(urls, seen, item);
    if (urls.length > 0) tiers.push(urls);
  }
  if (tiers.length > 0) return tiers;
  const single: string[] = [];
  const announce = root.get('announce');
  if (announce !== undefined) addUsable(single, seen, announce);
  return single.length > 0 ? [single] : [];
}

function addUsable(urls: string[], seen: Set<string>, item: BencodeValue): void {
  const bytes = item.bytes();
  if (bytes === undefined || bytes.length > TRACKER_URL_BYTES_MAX || seen.size === TRACKERS_MAX) return;
  const url = item.text()?.trim() ?? '';
  if (!USABLE.test(url) || seen.has(url)) return;
  seen.add(url);
  urls.push(url);
}
