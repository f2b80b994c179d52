import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scenarios } from '#scenarios';
import { hasBit, type RunRecord, runRecord, runScenario, type Swarm } from '#sim';
import { decodeDeltas, decodeToggles } from '../../reports/page/decode.ts';
import { ToggleLog } from '../../sim/toggle-log.ts';

function recorded(name: string, knobs = {}): { record: RunRecord; swarm: Swarm } {
  const scenario = scenarios.find((candidate) => candidate.name === name)!;
  const { result, swarm } = runScenario(scenario, 3, knobs, { record: true });
  return { record: runRecord({ scenario, result, swarm, replayCommand: 'again' }), swarm };
}

/** Cells that are set after the last interval. */
function atTheEnd(text: string): Set<number> {
  const set = new Set<number>();
  for (const cells of decodeToggles(text)) for (const cell of cells) if (!set.delete(cell)) set.add(cell);
  return set;
}

test.each<[string, { readonly [name: string]: number }?]>([
  ['parole'],
  ['churn', { peers: 8, sizeMiB: 1 }],
  ['crash-restart'],
  ['resume-check'],
])(
  'recorder: a run that is watched is the run that is not, and the record says what the nodes say in the end (%s)',
  (name, knobs = {}) => {
    const { record, swarm } = recorded(name, knobs);
    const scenario = scenarios.find((candidate) => candidate.name === name)!;
    expect(record.result).toEqual(runScenario(scenario, 3, knobs).result);
    const { pieceCount } = swarm.contents.geometry;
    const pieces = atTheEnd(record.pieces);
    const unchoked = atTheEnd(record.unchoked);
    swarm.nodes.forEach((node, place) => {
      const torrent = node.stores.findIndex(({ contents }) => contents === swarm.contents);
      if (!node.running || torrent < 0) return;
      const status = node.status(torrent);
      const has = Array.from({ length: pieceCount }, (_, piece) => pieces.has(place * pieceCount + piece));
      expect(has).toEqual(has.map((_, piece) => hasBit(status.have, piece)));
      const unchokes = status.peers.filter(({ amChoking }) => !amChoking);
      const cells = unchokes.map(
        ({ conn }) => place * record.placesMax + swarm.nodes.indexOf(swarm.other(node, conn)!),
      );
      const row = [...unchoked].filter((cell) => Math.floor(cell / record.placesMax) === place);
      expect(new Set(row)).toEqual(new Set(cells));
    });
  },
);

test('recorder: payload is conserved, series end where the run does, samples are bounded', () => {
  const { record } = recorded('flash-crowd', { peers: 5, sizeMiB: 2 });
  const { series, nodes, sampleCount, torrent } = record;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  expect(sampleCount).toBeGreaterThan(300);
  expect(sampleCount).toBeLessThanOrEqual(602);
  for (const values of Object.values(series)) expect(values).toHaveLength(sampleCount);
  expect(sum(nodes.map(({ downloadedBytes }) => downloadedBytes))).toBe(series.deliveredBytes.at(-1));
  expect(sum(nodes.map(({ uploadedBytes }) => uploadedBytes))).toBe(series.deliveredBytes.at(-1));
  expect(series.complete.at(-1)).toBe(5);
  expect(series.rarestCopies.at(-1)).toBe(6);
  const down = decodeDeltas(record.downloadedKiB, nodes.length, sampleCount - 1);
  nodes.forEach(({ downloadedBytes }, place) => {
    expect(sum([...down.subarray(place * (sampleCount - 1), (place + 1) * (sampleCount - 1))])).toBe(
      Math.floor(downloadedBytes / 1024),
    );
    if (place > 0) expect(downloadedBytes).toBeGreaterThanOrEqual(torrent.totalBytes);
  });
});

test('recorder: scripted peers, which say nothing of themselves, run too', () => {
  const { record, swarm } = recorded('rude-peers');
  const scripted = record.nodes.filter(({ kind }) => kind === 'adversary');
  expect(scripted).toHaveLength(swarm.nodes.filter(({ options }) => !options.honest).length);
  expect(scripted.length).toBeGreaterThan(0);
  for (const { presenceS } of scripted) expect(presenceS).toHaveLength(1);
});

test('recorder: a run in which nothing happens has a record', () => {
  const scenario = { ...scenarios[0]!, play: () => {}, marks: [] };
  const { result, swarm } = runScenario(scenario, 1, {}, { record: true });
  const record = runRecord({ scenario, result, swarm, replayCommand: 'again' });
  expect(record).toMatchObject({ nodes: [], sampleCount: 1, distributionBoundS: null });
});

test('toggle log: halving keeps the state at the end of every second interval', () => {
  const intervals = fc.array(fc.array(fc.nat(300)), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(intervals, (drawn) => {
      const even = drawn.slice(0, drawn.length - (drawn.length % 2));
      const fine = new ToggleLog();
      const coarse = new ToggleLog();
      for (const log of [fine, coarse])
        for (const cells of even) {
          for (const cell of cells) log.toggle(cell);
          log.cut();
        }
      coarse.halve();
      const states = (text: string) => {
        const set = new Set<number>();
        return decodeToggles(text).map((cells) => {
          for (const cell of cells) if (!set.delete(cell)) set.add(cell);
          return [...set].sort((a, b) => a - b);
        });
      };
      expect(states(coarse.encode())).toEqual(states(fine.encode()).filter((_, index) => index % 2 === 1));
    }),
  );
});
