// A field that once held a number which is no small integer (an infinity, a fraction, what a table of doubles gave) is from then on kept in a
// box of its own in every object of its class: one more line from memory whenever it is met, which made a swarm of a thousand a fifth slower.

import { getHeapSnapshot } from 'node:v8';
import { expect, test } from 'vitest';
import { Swarm } from '../../sim/index.ts';

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
      readonly edge_fields: readonly string[];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

async function takeSnapshot(): Promise<Snapshot> {
  const parts: Buffer[] = [];
  for await (const part of getHeapSnapshot()) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString()) as Snapshot;
}

/** By the name of a class: how many objects there are, and how many numbers in boxes they hold. */
function boxesOf({
  snapshot: { meta },
  nodes,
  edges,
  strings,
}: Snapshot): Map<string, { count: number; boxes: number }> {
  const width = meta.node_fields.length;
  const edgeWidth = meta.edge_fields.length;
  const [type, name, edgeCount] = ['type', 'name', 'edge_count'].map((field) => meta.node_fields.indexOf(field));
  const to = meta.edge_fields.indexOf('to_node');
  const typeOf = (node: number) => meta.node_types[0][nodes[node + (type as number)] as number];
  const found = new Map<string, { count: number; boxes: number }>();
  let edge = 0;
  for (let node = 0; node < nodes.length; node += width) {
    const end = edge + (nodes[node + (edgeCount as number)] as number) * edgeWidth;
    if (typeOf(node) === 'object') {
      const key = strings[nodes[node + (name as number)] as number] as string;
      const entry = found.get(key) ?? { count: 0, boxes: 0 };
      found.set(key, entry);
      entry.count += 1;
      for (let at = edge; at < end; at += edgeWidth)
        if (typeOf(edges[at + to] as number) === 'number') entry.boxes += 1;
    }
    edge = end;
  }
  return found;
}

test('swarm: what there is thousands of holds no number in a box (20 leechers, half-way)', async () => {
  const swarm = new Swarm({ seed: 1, contents: { sizeMiB: 8 } });
  const link = { upKBps: 200, downKBps: 800, latencyMs: 40 };
  swarm.addSeed(link);
  swarm.addLeechers(20, link, 5);
  swarm.run(40);
  expect(swarm.leechers.every(({ complete }) => complete)).toBe(false);
  const found = boxesOf(await takeSnapshot());
  for (const name of ['Peer', 'KnownPeer', 'Pipeline', 'RateMeter', 'RequestQueue', 'UploadQueue', 'PartialPiece']) {
    const { count, boxes } = found.get(name) ?? { count: 0, boxes: 0 };
    expect(count).toBeGreaterThan(20);
    expect(boxes, `${name}: ${boxes} boxes in ${count} objects`).toBe(0);
  }
});
