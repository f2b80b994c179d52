// States of the UI without a terminal: torrents, peers and keys.

import type { PeerRow, TorrentRow } from '../../client/control/protocol.ts';
import { type Effect, type Event, initialState, type State } from '../../client/tui/state.ts';
import type { Look } from '../../client/tui/theme.ts';
import { update } from '../../client/tui/update.ts';

/** Nothing but the theme's own colours. */
export const LOOK: Look = { theme: 'dark', foreground: 'theme', background: 'theme', accent: 'theme' };

export function torrentRow(at: number, more: Partial<TorrentRow> = {}): TorrentRow {
  return {
    key: String(at).padStart(40, '0'),
    name: `torrent ${at}`,
    state: 'downloading',
    error: null,
    position: at,
    folder: '/downloads',
    addedAt: 1_700_000_000_000 + at,
    completedAt: null,
    totalBytes: 1000,
    wantedBytes: 1000,
    haveBytes: 10 * at,
    pieceCount: 100,
    havePieces: at,
    checkedPieces: 0,
    downloadBps: 0,
    uploadBps: 0,
    downloadedBytes: 0,
    uploadedBytes: 0,
    wastedBytes: 0,
    corruptBytes: 0,
    peers: 0,
    seeds: 0,
    knownPeers: 0,
    downloadLimitBps: 0,
    uploadLimitBps: 0,
    sequential: false,
    endGame: false,
    private: false,
    ...more,
  };
}

export function peerRow(conn: number, more: Partial<PeerRow> = {}): PeerRow {
  return {
    conn,
    host: '198.51.100.7',
    port: 6881 + conn,
    client: 'libtorrent',
    source: 'tracker',
    outgoing: true,
    seed: false,
    amChoking: true,
    amInterested: false,
    peerChoking: true,
    peerInterested: false,
    snubbed: false,
    onParole: false,
    optimistic: false,
    pieces: 0,
    downloadBps: 0,
    uploadBps: 0,
    downloadedBytes: 0,
    uploadedBytes: 0,
    ...more,
  };
}

/** The UI without a terminal: events go in, the state and all effects so far can be read. */
export class Ui {
  state: State;
  readonly effects: Effect[] = [];

  constructor(rows: readonly TorrentRow[] = [], { columns = 100, height = 30 } = {}) {
    const units = { bits: false, binary: true };
    this.state = initialState({ columns, rows: height, units, saveFolder: '/downloads', browsed: '/', now: 1000 });
    this.happen({ kind: 'life', life: 'running', ending: null });
    this.rows(rows);
  }

  happen(event: Event): void {
    const { state, effects } = update(this.state, event);
    this.state = state;
    this.effects.push(...effects);
  }

  rows(rows: readonly TorrentRow[]): void {
    this.happen({ kind: 'rows', rows: new Map(rows.map((row) => [row.key, row])) });
  }

  /** Types keys by their names; a text is typed letter by letter with `text`. */
  press(...keys: readonly string[]): void {
    for (const key of keys) this.happen({ kind: 'input', input: { kind: 'key', key } });
  }

  text(text: string): void {
    this.press(...Array.from(text));
  }

  paste(text: string): void {
    this.happen({ kind: 'input', input: { kind: 'paste', text } });
  }

  /** Requests so far, without those that choose a page. */
  get requests() {
    return this.effects.flatMap((effect) => {
      return effect.kind === 'ask' ? effect.requests.filter(({ call }) => call !== 'watch') : [];
    });
  }

  get watched() {
    const asked = this.effects.flatMap((effect) => (effect.kind === 'ask' ? effect.requests : []));
    return asked.findLast((request) => request.call === 'watch');
  }
}
