// Honest peers know the info-hash alone, and most of those who offer them the metadata lie: other bytes, other sizes, rejects, no answer. An honest
// holder comes late. Nobody ever takes a lie for the metadata or holds more than the bounds, no honest peer is banned, every liar is soon
// asked no more, and within a stated time after the holder can be reached everyone honest knows the metadata.

import { METADATA_PIECE_BYTES } from '#engine';
import { namesAmong, some, whole } from '#harness';
import { lineFrom, METADATA_LIES, type MetadataLie, MetadataLiar, patienceS, scenario, shared, type Swarm } from '#sim';
import { describeUnknowing, knowsMetadata, metadataWithinS } from './magnet.ts';

/** What one liar may cost: no answer for 20 s, in a copy of its own among four, and once more after a pause. */
const LIAR_COSTS_S = 40;
/** Times that a peer that gives nothing is tried in one run: pauses double. */
const ATTEMPTS_MAX = 10;
const REQUESTS_AT_ONCE = 4;
/** Whoever gives a whole wrong copy is done with after it; parts of others, which failed or were given up, come on top. */
const COPIES_MAX = 8;
/** Enough to lie at the same time as others, and little to simulate. */
const LIAR_UP_KBPS_MAX = 50;

export const metadataLiar = scenario({
  name: 'metadata-liar',
  doc: 'most who offer metadata lie: none is believed, none asked for ever, and everyone honest soon has it from the one who is not',
  knobs: {
    seeds: shared.seeds(1),
    peers: whole(4, 1, 8, '', 'honest leechers that know the info-hash alone'),
    liars: whole(10, 1, 14, '', 'peers that lie about the metadata, of each kind in turn'),
    lies: some(METADATA_LIES.join('+'), METADATA_LIES, `kinds of lie: ${METADATA_LIES.join(', ')}`),
    holderAfterS: whole(60, 0, 200, 's', 'until then there are liars only'),
    metadataKiB: whole(100, 0, 300, 'KiB', 'metadata beyond the least'),
    sizeMiB: shared.sizeMiB(1),
    pieceKiB: shared.pieceKiB(64),
    ...shared.line,
  },
  marks: [
    'metadataRejected',
    'metadataTimedOut',
    'metadataMalformed',
    'metadataFailed',
    'metadataVerified',
    'metadataRefused',
    'peerBanned',
    'downloadCompleted',
  ],
  world: ({ sizeMiB, pieceKiB, metadataKiB }) => ({
    contents: { sizeMiB, pieceKiB, metadataPadBytes: metadataKiB * 1024 },
  }),

  play(swarm, knobs) {
    const line = lineFrom(knobs);
    const liars = addLiars(swarm, knobs.liars, namesAmong(METADATA_LIES, knobs.lies), line);
    const leechers = swarm.addLeechers(knobs.peers, { ...line, byMagnet: true });
    swarm.run(knobs.holderAfterS);
    if (!tellTruthTogether(swarm, liars))
      swarm.check('nobody knows the metadata who heard lies alone', !leechers.some(knowsMetadata));
    for (let seed = 0; seed < knobs.seeds; seed += 1) swarm.addSeed(line);
    swarm.until(
      'everyone honest knows the metadata',
      () => leechers.every(knowsMetadata),
      metadataWithinS(swarm, leechers) + LIAR_COSTS_S * Math.ceil(knobs.liars / REQUESTS_AT_ONCE),
      () => describeUnknowing(leechers),
    );
    for (const liar of liars)
      swarm.check(
        'a liar is not asked for ever',
        liar.metadataRequests <= knobs.peers * requestsMax(liar),
        () => `${liar.metadataRequests} requests`,
      );
    swarm.untilComplete(patienceS(swarm), leechers);
  },
});

/** Those who lie of one piece each may have all the others right between them. */
function tellTruthTogether(swarm: Swarm, liars: readonly MetadataLiar[]): boolean {
  const pieces = Math.ceil(swarm.contents.metainfo.infoBytes.length / METADATA_PIECE_BYTES);
  return Array.from({ length: pieces }, (_, piece) => piece).every((piece) =>
    liars.some((liar) => liar.tellsTruthOf(piece)),
  );
}

/** How often one honest peer asks it at most. */
function requestsMax({ convicted, piecesOffered }: MetadataLiar): number {
  return convicted
    ? COPIES_MAX * piecesOffered + REQUESTS_AT_ONCE
    : 2 * piecesOffered + REQUESTS_AT_ONCE * ATTEMPTS_MAX;
}

function addLiars(
  swarm: Swarm,
  count: number,
  lies: readonly MetadataLie[],
  line: ReturnType<typeof lineFrom>,
): MetadataLiar[] {
  if (lies.length === 0) return [];
  const random = swarm.random.fork('liars');
  return Array.from({ length: count }, (_, index) => {
    const lie = lies[index % lies.length] as MetadataLie;
    const liar = new MetadataLiar({ contents: swarm.contents, random: random.fork(String(index)), lie });
    // It counts as one who needs nothing.
    swarm
      .prepare({ ...line, upKBps: Math.min(line.upKBps, LIAR_UP_KBPS_MAX), honest: false, wrap: () => liar }, true)
      .start(swarm.contents);
    return liar;
  });
}
