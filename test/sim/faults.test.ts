import { expect, test } from 'vitest';
import { Swarm } from '../../sim/index.ts';

const LINE = { upKBps: 200, downKBps: 800, latencyMs: 40 };

test('faults: what strikes is listed in order with its node, and changes the digest', () => {
  const digests = [false, true].map((struck) => {
    const swarm = new Swarm({ seed: 1, contents: { sizeMiB: 1, pieceKiB: 64 } });
    const leecher = swarm.addLeecher(LINE);
    swarm.run(1);
    leecher.crash();
    swarm.run(2);
    leecher.restart(swarm.contents);
    if (struck) swarm.struck('partition', { untilS: 60 });
    expect(swarm.faults.slice(0, 2)).toEqual([
      { atS: 1, kind: 'crash', node: leecher.index, other: null, untilS: null },
      { atS: 3, kind: 'restart', node: leecher.index, other: null, untilS: null },
    ]);
    expect(swarm.faultCount('partition')).toBe(Number(struck));
    return swarm.trace.digest();
  });
  expect(digests[0]).not.toBe(digests[1]);
});
