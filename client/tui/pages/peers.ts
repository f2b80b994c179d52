// The peers that a torrent is connected with.

import type { PeerSource } from '#engine';
import type { PeerRow } from '../../control/protocol.ts';
import { formatPercent } from '../../units.ts';
import { shownRate, size } from '../format.ts';
import { compareCodes, compareNames } from '../order.ts';
import type { Column, Context, Spec } from '../table.ts';

const SOURCES: Readonly<Record<PeerSource, string>> = {
  tracker: 't',
  incoming: 'i',
  remembered: 'r',
  user: 'y',
  webrtc: 'w',
};

/** What the letters of `flagsOf` mean, in their order. */
export const PEER_LEGEND =
  'S seed · D we download, d choked · U we upload, u choked by us · O optimistic · ! snubbed · P parole · ' +
  'from t tracker, i it came, r memory, y you, w WebRTC';

/** One letter in each place, a blank where it does not hold. */
function flagsOf(peer: PeerRow): string {
  const download = peer.amInterested ? (peer.peerChoking ? 'd' : 'D') : ' ';
  const upload = peer.peerInterested ? (peer.amChoking ? 'u' : 'U') : ' ';
  const letter = (holds: boolean, shown: string) => (holds ? shown : ' ');
  return [
    letter(peer.seed, 'S'),
    download,
    upload,
    letter(peer.optimistic, 'O'),
    letter(peer.snubbed, '!'),
    letter(peer.onParole, 'P'),
    SOURCES[peer.source] ?? ' ',
  ].join('');
}

/** Bracketed where an IPv6 address meets a port. Who was introduced has a name and no port. */
function addressOf({ host, port }: PeerRow): string {
  if (port === 0) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const number = (
  key: string,
  title: string,
  cells: number,
  gives: number,
  value: (peer: PeerRow) => number,
  text: (peer: PeerRow, context: Context) => string,
): Column<PeerRow> => ({
  key,
  title,
  cells,
  gives,
  align: 'right',
  largestFirst: true,
  text,
  compare: (a, b) => value(a) - value(b),
});

export const PEERS: Spec<PeerRow> = {
  columns: [
    {
      key: 'address',
      title: 'Address',
      cells: 21,
      flexible: true,
      gives: 0,
      text: addressOf,
      compare: (a, b) => compareNames(addressOf(a), addressOf(b)),
    },
    {
      key: 'client',
      title: 'Client',
      cells: 14,
      flexible: true,
      gives: 2,
      text: (peer) => peer.client ?? '',
      compare: (a, b) => compareNames(a.client ?? '', b.client ?? ''),
    },
    {
      key: 'flags',
      title: 'Flags',
      cells: 7,
      gives: 0,
      text: flagsOf,
      role: (peer) => (peer.snubbed || peer.onParole ? 'warn' : peer.seed ? 'good' : null),
      compare: (a, b) => compareCodes(flagsOf(b), flagsOf(a)),
    },
    number(
      'done',
      'Has',
      7,
      1,
      (peer) => peer.pieces,
      (peer, { pieceCount }) => (pieceCount === 0 ? '' : `${formatPercent(peer.pieces, pieceCount)} %`),
    ),
    {
      ...number(
        'down',
        'Down',
        10,
        0,
        (peer) => peer.downloadBps,
        (peer, { units }) => shownRate(peer.downloadBps, units),
      ),
      role: () => 'down',
    },
    {
      ...number(
        'up',
        'Up',
        10,
        0,
        (peer) => peer.uploadBps,
        (peer, { units }) => shownRate(peer.uploadBps, units),
      ),
      role: () => 'up',
    },
    number(
      'got',
      'Got',
      8,
      4,
      (peer) => peer.downloadedBytes,
      (peer, { units }) => size(peer.downloadedBytes, units),
    ),
    number(
      'sent',
      'Sent',
      8,
      4,
      (peer) => peer.uploadedBytes,
      (peer, { units }) => size(peer.uploadedBytes, units),
    ),
    {
      key: 'source',
      title: 'Source',
      cells: 10,
      gives: 5,
      text: (peer) => peer.source,
      role: () => 'dim',
      compare: (a, b) => compareCodes(a.source, b.source),
    },
  ],
  id: (peer) => String(peer.conn),
  words: (peer) => `${addressOf(peer)} ${peer.client ?? ''}`,
  empty: 'no peers are connected',
};
