// Most join by magnet link: they know the info-hash alone, ask each other for the metadata, and download. Some leave, and faults of any kind strike
// meanwhile. Nobody takes something else for the metadata; once all is healed everyone who stayed has it, and then everything.

import { choice, namesAmong, near, some, whole } from '#harness';
import {
  Atlas,
  ATLAS_KINDS,
  type AtlasKind,
  lineFrom,
  lossFactor,
  scenario,
  shared,
  type SimNode,
  type Swarm,
} from '#sim';

/** Until peers have found each other: announces, dials that are tried again, and what was asked of somebody who left. */
const MEETING_S = 180;
/** How much longer than its line needs a copy may take: the line is shared with content. */
const MARGIN = 6;
const FAULTS: readonly AtlasKind[] = ['reset', 'crash', 'pause', 'leave', 'partition', 'failingDisk'];

export const magnet = scenario({
  name: 'magnet',
  doc: 'most know the info-hash alone: they get the metadata from each other, whatever strikes, keep it, and complete',
  knobs: {
    seeds: shared.seeds(1),
    peers: whole(8, 1, 12, '', 'leechers'),
    magnetPercent: near(80, 0, 100, '%', 'leechers that join by magnet link'),
    natPercent: whole(30, 0, 80, '%', 'leechers that others cannot connect to'),
    metadataKiB: whole(60, 0, 300, 'KiB', 'metadata beyond the least'),
    sizeMiB: shared.sizeMiB(2),
    pieceKiB: shared.pieceKiB(64),
    ...shared.line,
    cutPercent: choice(10, [0, 10, 50], '%', 'deliveries that are cut at any byte'),
    joinWithinS: whole(20, 0, 60, 's', 'leechers join within so much time'),
    faults: some(FAULTS.join('+'), ATLAS_KINDS, `kinds of fault that strike: ${ATLAS_KINDS.join(', ')}`),
    faultsForS: whole(60, 1, 120, 's', 'faults strike within so much time'),
    strikes: whole(3, 1, 6, '', 'each kind strikes so often at most'),
  },
  marks: ['metadataRequested', 'metadataReceived', 'metadataVerified', 'metadataServed', 'downloadCompleted'],
  world: ({ sizeMiB, pieceKiB, metadataKiB, cutPercent }) => ({
    contents: { sizeMiB, pieceKiB, metadataPadBytes: metadataKiB * 1024 },
    cutPerMillion: cutPercent * 10_000,
  }),

  play(swarm, knobs) {
    const line = lineFrom(knobs);
    const random = swarm.random.fork('peers');
    const kinds = new Set(namesAmong(ATLAS_KINDS, knobs.faults));
    const atlas = new Atlas(swarm, { kinds, spanS: knobs.faultsForS, strikesMax: knobs.strikes });
    const seeds = Array.from({ length: knobs.seeds }, () => swarm.addSeed(line));
    const leechers = Array.from({ length: knobs.peers }, () =>
      swarm.addLeechers(
        1,
        {
          ...line,
          byMagnet: random.below(100) < knobs.magnetPercent,
          reachable: random.below(100) >= knobs.natPercent,
        },
        knobs.joinWithinS,
      ),
    ).flat();
    atlas.begin(seeds[0] as SimNode, [...seeds, ...leechers]);
    swarm.run(Math.max(knobs.joinWithinS, knobs.faultsForS));
    atlas.heal();
    const { stayers } = atlas;
    swarm.until(
      'everyone who stayed knows the metadata',
      () => stayers.every(knowsMetadata),
      metadataWithinS(swarm, stayers) + 2 * knobs.faultsForS,
      () => describeUnknowing(stayers),
    );
    const { totalBytes } = swarm.contents.geometry;
    swarm.until(
      'everyone who stayed is complete, on the disk',
      () => stayers.every((node) => node.engine?.status(0)?.flushedBytes === totalBytes),
      atlas.patienceS(),
    );
    for (const node of stayers)
      swarm.check(
        'who asked for the metadata has kept it',
        !node.options.byMagnet || node.storeOf(swarm.contents).metadataKept,
        () => `node ${node.index}`,
      );
  },
});

export function knowsMetadata(node: SimNode): boolean {
  const status = node.engine?.status(0) ?? null;
  return status !== null && status.pieceCount > 0;
}

export function describeUnknowing(nodes: readonly SimNode[]): string {
  return nodes
    .filter((node) => !knowsMetadata(node))
    .map((node) => {
      const status = node.engine?.status(0) ?? null;
      if (status === null) return `node ${node.index} does not run`;
      const { state, metadata, peers } = status;
      return `node ${node.index}: ${state}, ${metadata?.receivedBytes} bytes, ${metadata?.sources} of ${peers.length} peers offer it`;
    })
    .join('; ');
}

/** Seconds in which all of them must know the metadata, if one honest holder alone had to give it to each. */
export function metadataWithinS(swarm: Swarm, nodes: readonly SimNode[]): number {
  const { length: bytes } = swarm.contents.metainfo.infoBytes;
  const links = nodes.map(({ options }) => options.link);
  const slowest = Math.min(...links.map(({ upBps, downBps }) => Math.min(upBps, downBps)));
  const loss = Math.max(...links.map(lossFactor));
  return MEETING_S + MARGIN * loss * ((nodes.length * bytes) / slowest);
}
