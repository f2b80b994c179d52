// The inside of a torrent as lines for a terminal of 120 columns or more. Every text that came from others is made harmless.

import {
  type BlockInspection,
  type ChokeReason,
  type ChokeRule,
  type Instant,
  type MetadataStatus,
  type NotAsked,
  type PartialInspection,
  type PeerInspection,
  type PickReason,
  type PickRule,
  type PieceState,
  type TorrentInspection,
  peerName,
} from '#engine';
import { printable } from '#harness';

const PIECE_SIGNS: Readonly<Record<PieceState, string>> = {
  missing: '·',
  partial: '◔',
  hashing: '#',
  have: '◕',
  written: '●',
  flushed: '█',
};
const BLOCK_SIGNS: Readonly<Record<BlockInspection['state'], string>> = { free: '·', requested: '?', received: '█' };
const PIECES_A_LINE = 100;
/** Above this the map of pieces gives way to their counts. */
const PIECES_SHOWN_MAX = 4_000;
const SPANS_SHOWN_MAX = 12;

const PICK_RULES: Readonly<Record<PickRule, string>> = {
  partial: 'free blocks of a piece that was begun',
  rarestFirst: 'rarest piece',
  random: 'piece by chance',
  sequential: 'next piece in order',
  endGame: 'end-game: late at another peer',
  parole: 'on parole: a piece to itself',
};
const CHOKE_RULES: Readonly<Record<ChokeRule, string>> = {
  rate: 'gave most',
  turn: 'its turn',
  optimistic: 'the optimistic slot',
  freeSlot: 'a slot was free',
  unused: 'it asks for nothing: its slot is free',
  noSlot: 'others rank before it',
  notInterested: 'it wants nothing',
  seed: 'it is a seed',
};
const NOT_ASKED: Readonly<Record<NotAsked, string>> = {
  notConnected: 'not connected yet',
  torrentNotRequesting: 'the torrent asks for nothing',
  choked: 'it chokes us',
  notInterested: 'it has nothing that we want',
  pausedAfterReject: 'left alone after a reject',
  queueFilled: 'its queue is above the low-water mark',
};

export function inspectionLines(torrent: TorrentInspection, now: Instant): string[] {
  const { status, choker } = torrent;
  const { state, havePieces, pieceCount, endGame, downloadBps, uploadBps, knownPeers, error } = status;
  return [
    `torrent ${status.id} ${printable(status.name)} (${status.infoHash})`,
    `  ${state}${error === null ? '' : `: ${printable(error)}`}, ${havePieces} of ${pieceCount} pieces, end-game ${endGame ? 'on' : 'off'}, ↓ ${rate(downloadBps)}, ↑ ${rate(uploadBps)}, ${knownPeers} peers known`,
    ...metadataLines(status.metadata),
    ...pieceLines(torrent),
    ...section('partial pieces, in the order of picking', torrent.partials.map(partialLine)),
    ...section(
      `peers (${choker.slots} slots, round ${choker.rounds}, optimistic ${choker.optimistic === null ? 'none' : `conn ${choker.optimistic}`})`,
      torrent.peers.flatMap((peer) => peerLines(peer, now)),
    ),
    ...section(
      'trackers',
      status.trackers.map(
        ({ tier, url, status: doing, lastError, nextAnnounce, seeds, leechers }) =>
          `tier ${tier} ${printable(url)}: ${doing}, ${seeds ?? '?'} seeds, ${leechers ?? '?'} leechers${nextAnnounce === null ? '' : `, next in ${seconds(nextAnnounce - now)}`}${lastError === null ? '' : `, said: ${printable(lastError)}`}`,
      ),
    ),
  ];
}

function metadataLines(metadata: MetadataStatus | null): string[] {
  if (metadata === null) return [];
  const { sizeBytes, receivedBytes, sources } = metadata;
  return [`  metadata: ${receivedBytes} of ${sizeBytes ?? '?'} bytes, ${sources} connected peers offer it`];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

function pieceLines({ pieces, copies }: TorrentInspection): string[] {
  const counts = new Map<PieceState, number>();
  for (const state of pieces) counts.set(state, (counts.get(state) ?? 0) + 1);
  const legend = Object.entries(PIECE_SIGNS)
    .map(([state, sign]) => `${sign} ${counts.get(state as PieceState) ?? 0} ${state}`)
    .join('  ');
  const missing = copies.filter((_, piece) => pieces[piece] === 'missing');
  const rarest = missing.reduce((least, count) => Math.min(least, count), Infinity);
  const rarity =
    missing.length === 0
      ? ''
      : `; rarest missing: ${missing.filter((c) => c === rarest).length} with ${copiesText(rarest)}`;
  const map: string[] = [];
  for (let from = 0; pieces.length <= PIECES_SHOWN_MAX && from < pieces.length; from += PIECES_A_LINE) {
    const signs = pieces.slice(from, from + PIECES_A_LINE).map((state) => PIECE_SIGNS[state]);
    map.push(`${String(from).padStart(6)} ${signs.join('')}`);
  }
  return section(`pieces: ${legend}${rarity}`, map);
}

function partialLine({ piece, exclusiveTo, flushing, blocks }: PartialInspection): string {
  const asked = new Map<string, number>();
  const sent = new Map<string, number>();
  for (const { askedOf, from } of blocks) {
    for (const conn of askedOf) count(asked, `conn ${conn}`);
    if (from !== null) count(sent, from);
  }
  const notes = [
    asked.size > 0 ? `asked of ${counted(asked)}` : '',
    sent.size > 0 ? `from ${counted(sent)}` : '',
    exclusiveTo === null ? '' : `only ${exclusiveTo} (parole)`,
    flushing ? 'being written' : '',
  ];
  const signs = blocks.map(({ state }) => BLOCK_SIGNS[state]).join('');
  return `${String(piece).padStart(6)} ${signs} ${notes.filter((note) => note !== '').join('; ')}`;
}

function peerLines(peer: PeerInspection, now: Instant): string[] {
  const { conn, address, client, pieces, downloadBps, uploadBps, outstanding, target } = peer;
  const name = client === null ? '' : ` ${printable(client)}`;
  const lines = [
    `conn ${conn} ${peerName(address)} ${peer.outgoing ? 'outgoing' : 'incoming'}${name}: ${flags(peer)}; ${pieces} pieces, ↓ ${rate(downloadBps)}, ↑ ${rate(uploadBps)}`,
    `  asked for ${outstanding} of ${target}: ${requestSpans(peer, now)}${peer.notAsked === null ? '' : ` (no more: ${NOT_ASKED[peer.notAsked]})`}`,
  ];
  if (peer.uploads.length > 0) lines.push(`  waits for ${peer.uploads.length} blocks of pieces ${uploadPieces(peer)}`);
  for (const pick of peer.picks) lines.push(`  picked ${pickText(pick, now)}`);
  if (peer.choke !== null) lines.push(`  ${chokeText(peer.choke, now)}`);
  return lines;
}

function flags(peer: PeerInspection): string {
  if (peer.state !== 'up') return peer.state;
  return [
    peer.amInterested ? (peer.peerChoking ? 'we want, it chokes' : 'we download') : 'we want nothing',
    peer.peerInterested ? (peer.amChoking ? 'it wants, we choke' : 'it downloads') : 'it wants nothing',
    peer.seed ? 'seed' : '',
    peer.snubbed ? 'snubbed' : '',
    peer.onParole ? 'on parole' : '',
    peer.optimistic ? 'optimistic' : '',
  ]
    .filter((flag) => flag !== '')
    .join(', ');
}

/** Runs of neighbouring blocks: `17:3-8`. */
function requestSpans({ requests }: PeerInspection, now: Instant): string {
  if (requests.length === 0) return 'nothing';
  const spans: { piece: number; first: number; last: number; live: boolean }[] = [];
  for (const { piece, block, live } of requests) {
    const span = spans.at(-1);
    if (span !== undefined && span.piece === piece && span.last + 1 === block && span.live === live) span.last = block;
    else spans.push({ piece, first: block, last: block, live });
  }
  const shown = spans
    .slice(0, SPANS_SHOWN_MAX)
    .map(
      ({ piece, first, last, live }) =>
        `${piece}:${first === last ? first : `${first}-${last}`}${live ? '' : ' (given up)'}`,
    );
  const oldest = requests[0]?.sentAt ?? now;
  return `${shown.join(' ')}${spans.length > SPANS_SHOWN_MAX ? ' …' : ''}, the oldest for ${seconds(now - oldest)}`;
}

function uploadPieces({ uploads }: PeerInspection): string {
  const pieces = [...new Set(uploads.map(({ piece }) => piece))];
  return pieces.slice(0, SPANS_SHOWN_MAX).join(' ') + (pieces.length > SPANS_SHOWN_MAX ? ' …' : '');
}

function pickText(
  { at, rule, piece, firstBlock, blockCount, copies, candidates, ties }: PickReason,
  now: Instant,
): string {
  const last = firstBlock + blockCount - 1;
  const alike = ties === 1 ? 'the only one so rare' : `one of ${ties} as rare`;
  const among = candidates === 0 ? '' : `, ${alike} among ${candidates} that it could give`;
  return `${piece}:${firstBlock === last ? last : `${firstBlock}-${last}`} ${seconds(now - at)} ago: ${PICK_RULES[rule]}, ${copiesText(copies)}${among}`;
}

function chokeText({ at, rule, unchoked, rank, ranked, recentBytes, snubbed }: ChokeReason, now: Instant): string {
  const place = rank === 0 ? '' : `, ${rank} of ${ranked} with ${rate(recentBytes / 20)}`;
  return `${unchoked ? 'unchoked' : 'choked'} ${seconds(now - at)} ago: ${CHOKE_RULES[rule]}${place}${snubbed ? ', snubbed' : ''}`;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function counted(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([key, times]) => `${key} ×${times}`).join(', ');
}

function copiesText(copies: number): string {
  return copies === 1 ? '1 copy' : `${copies} copies`;
}

function seconds(us: number): string {
  return `${(us / 1_000_000).toFixed(us < 10_000_000 ? 3 : 1)} s`;
}

function rate(bytesPerSecond: number): string {
  if (bytesPerSecond >= 1_000_000) return `${(bytesPerSecond / 1_000_000).toFixed(1)} MB/s`;
  return `${(bytesPerSecond / 1_000).toFixed(1)} kB/s`;
}
