// A torrent of which only the magnet link is known: its entry, what the engine is told of it, and its entry once peers gave the metadata.

import type { AddMagnet, FilePriority, Magnet, Metainfo, PeerAddress } from '#engine';
import { resolveHost } from '../net/address.ts';
import { hex } from '../units.ts';
import { type Entry, factsOf, newEntry } from './entry.ts';

type Wishes = Pick<Entry, 'folder' | 'rank' | 'paused' | 'sequential'>;

/** `link`: as the user gave it; it is read again at each start until the metadata is here. */
export function magnetEntry(magnet: Magnet, link: string, wishes: Wishes): Entry {
  const key = hex(magnet.infoHash);
  const nothing = { key, name: magnet.name ?? key, totalBytes: 0, pieceCount: 0, private: false };
  return { ...newEntry(nothing, { ...wishes, priorities: null }), magnet: link };
}

/** With what the metadata says: a torrent like any other from now on. Files that the link does not select are skipped (BEP 53). */
export function furnishedEntry(entry: Entry, { selection }: Magnet, metainfo: Metainfo): Entry {
  const selected = (file: number) => selection?.some(({ first, last }) => file >= first && file <= last) ?? true;
  const priorities = metainfo.files.map((_file, index): FilePriority => (selected(index) ? 4 : 0));
  return {
    ...entry,
    ...factsOf(metainfo),
    priorities: selection === null ? null : priorities,
    magnet: null,
  };
}

/** A peer of the link whose name leads nowhere is left out. */
export async function addMagnetOptions({ infoHash, name, announceTiers, peers }: Magnet): Promise<AddMagnet> {
  const found = await Promise.allSettled(peers.map(resolveHost));
  return {
    magnet: { infoHash, name, announceTiers },
    paused: true,
    check: 'trust',
    peers: found.flatMap((each): PeerAddress[] => (each.status === 'fulfilled' ? [each.value] : [])),
    useTrackers: true,
  };
}
