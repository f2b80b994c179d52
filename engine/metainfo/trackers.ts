// Which trackers a .torrent names (BEP 3, 12): the usable ones, each once, in tiers. Shuffling and promoting is the announcer's.

import type { BencodeValue } from '../bencode/value.ts';
import { TRACKER_URL_BYTES_MAX, TRACKERS_MAX } from '../limits.ts';

/** A scheme that some transport of ours can speak, and a host; no control character, space, or anything outside ASCII. */
const USABLE = /^(?:https?|udp|wss?):\/\/[!-.0->@-~][!-~]*$/i;

/** Which of the trackers that somebody names can be used: each once, at most TRACKERS_MAX, each at most TRACKER_URL_BYTES_MAX long. */
export class UsableTrackers {
  readonly #seen = new Set<string>();

  /** Whether this one is to be used. White space around it does not count. */
  add(text: string): boolean {
    const url = text.trim();
    if (url.length > TRACKER_URL_BYTES_MAX || this.#seen.size === TRACKERS_MAX) return false;
    if (!USABLE.test(url) || this.#seen.has(url)) return false;
    this.#seen.add(url);
    return true;
  }
}

/** Tiers of URLs as the file orders them; `announce` counts only where `announce-list` has no usable URL. `root`: the whole file's dictionary. */
export function announceTiers(root: BencodeValue): readonly (readonly string[])[] {
  const usable = new UsableTrackers();
  const tiers: string[][] = [];
  for (const tier of root.get('announce-list')?.items() ?? []) {
    const urls: string[] = [];
    // Some files hold a plain list of URLs: each is a tier of its own.
    for (const item of tier.items() ?? [tier]) addUsable(urls, usable, item);
    if (urls.length > 0) tiers.push(urls);
  }
  if (tiers.length > 0) return tiers;
  const single: string[] = [];
  const announce = root.get('announce');
  if (announce !== undefined) addUsable(single, usable, announce);
  return single.length > 0 ? [single] : [];
}

function addUsable(urls: string[], usable: UsableTrackers, item: BencodeValue): void {
  const text = item.text() ?? '';
  if (usable.add(text)) urls.push(text.trim());
}
