// The list of torrents in its order, and which of its rows have changed since they were last taken.

import type { TorrentSummary } from '#engine';
import type { TorrentKey, TorrentRow } from '../control/protocol.ts';
import type { ManagedTorrent } from './managed-torrent.ts';
import { compareRanks, rankBetween } from './rank.ts';

export interface ChangedRows {
  readonly changed: readonly TorrentRow[];
  readonly removed: readonly TorrentKey[];
}

export class TorrentList {
  readonly #byKey = new Map<TorrentKey, ManagedTorrent>();
  readonly #order: ManagedTorrent[] = [];
  /** Not in the list any more, but their files are still to be deleted. */
  readonly deleting = new Set<ManagedTorrent>();
  readonly #touched = new Set<ManagedTorrent>();
  #removed: TorrentKey[] = [];
  /** As last taken. */
  readonly #rows = new Map<TorrentKey, TorrentRow>();

  get(key: TorrentKey): ManagedTorrent | undefined {
    return this.#byKey.get(key);
  }

  get ordered(): readonly ManagedTorrent[] {
    return this.#order;
  }

  /** The rank of one that is put at the end. */
  get endRank(): number {
    return rankBetween(this.#order.at(-1)?.entry.rank ?? null, null) as number;
  }

  /** Puts them in the places that their ranks name. */
  insert(torrents: readonly ManagedTorrent[]): void {
    for (const torrent of torrents) {
      this.#byKey.set(torrent.key, torrent);
      this.#order.push(torrent);
      this.#touched.add(torrent);
      this.#removed = this.#removed.filter((key) => key !== torrent.key);
    }
    this.#order.sort((a, b) => compareRanks(a.entry, b.entry));
    this.#number();
  }

  remove(torrent: ManagedTorrent): void {
    const at = this.#order.indexOf(torrent);
    if (at === -1) return;
    this.#order.splice(at, 1);
    this.#byKey.delete(torrent.key);
    this.#touched.delete(torrent);
    this.#rows.delete(torrent.key);
    this.#removed.push(torrent.key);
    this.#number();
  }

  /** Moves one to position `to`, as far as there is one. Returns those whose entries got another rank: itself, seldom everybody. */
  move(torrent: ManagedTorrent, to: number): readonly ManagedTorrent[] {
    this.#order.splice(torrent.position, 1);
    const at = Math.max(0, Math.min(to, this.#order.length));
    const rank = rankBetween(this.#order[at - 1]?.entry.rank ?? null, this.#order[at]?.entry.rank ?? null);
    this.#order.splice(at, 0, torrent);
    this.#number();
    if (rank !== null) {
      torrent.entry = { ...torrent.entry, rank };
      return [torrent];
    }
    for (const [index, other] of this.#order.entries()) other.entry = { ...other.entry, rank: index };
    return [...this.#order];
  }

  /** Its row may have changed, where it is still in the list. */
  touch(torrent: ManagedTorrent): void {
    if (this.#byKey.get(torrent.key) === torrent) this.#touched.add(torrent);
  }

  get anythingTouched(): boolean {
    return this.#touched.size > 0 || this.#removed.length > 0;
  }

  /** Over all rows, as last taken. */
  get sums(): { readonly downloadBps: number; readonly uploadBps: number; readonly connections: number } {
    const sums = { downloadBps: 0, uploadBps: 0, connections: 0 };
    for (const { downloadBps, uploadBps, peers } of this.#rows.values()) {
      sums.downloadBps += downloadBps;
      sums.uploadBps += uploadBps;
      sums.connections += peers;
    }
    return sums;
  }

  /** The rows that differ from those taken before. What moves by itself (rates, a check) stays touched. */
  take(summaryOf: (torrent: ManagedTorrent) => TorrentSummary | null): ChangedRows {
    const changed: TorrentRow[] = [];
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const torrent of touched) {
      const row = torrent.row(summaryOf(torrent));
      if (row.downloadBps > 0 || row.uploadBps > 0 || row.state === 'checking') this.#touched.add(torrent);
      const before = this.#rows.get(torrent.key);
      if (before !== undefined && sameRow(before, row)) continue;
      this.#rows.set(torrent.key, row);
      changed.push(row);
    }
    const removed = this.#removed;
    this.#removed = [];
    return { changed, removed };
  }

  #number(): void {
    for (const [position, torrent] of this.#order.entries()) {
      if (torrent.position === position) continue;
      torrent.position = position;
      this.#touched.add(torrent);
    }
  }
}

function sameRow(a: TorrentRow, b: TorrentRow): boolean {
  for (const field in a) if (a[field as keyof TorrentRow] !== b[field as keyof TorrentRow]) return false;
  return true;
}
