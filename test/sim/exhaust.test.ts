// One fault at one place: each site is struck where it says, nothing before it changes, and a small swarm survives every one of them.

import { describe, expect, test } from 'vitest';
import { scenarios } from '../../scenarios/index.ts';
import { exhaust, type ExhaustRow, FAULT_SITES, readFaultPoint, runScenario, type Scenario } from '../../sim/index.ts';
import { runSim } from '../../sim/command/index.ts';

const swarm = scenarios.find(({ name }) => name === 'swarm') as Scenario;
/** Two leechers, four pieces; a crash and a pause of its own. */
const SMALL = {
  peers: 2,
  layout: 4,
  files: 2,
  bodyKiB: 192,
  copyS: 8,
  cutPercent: 0,
  mixed: false,
  natPercent: 0,
  joinWithinS: 0,
  faults: 'crash+pause',
  faultsForS: 10,
  strikes: 1,
};

describe('exhaust', () => {
  test('exhaust: a small swarm converges whatever fails, tears or crashes, at every single place', {
    timeout: 120_000,
  }, () => {
    const rows: ExhaustRow[] = [];
    const clean = exhaust({ scenario: swarm, seed: 1, knobs: SMALL, sites: FAULT_SITES }, (row) => rows.push(row));
    expect(clean.reason).toBeNull();
    expect(rows.filter(({ firstFailure }) => firstFailure !== null)).toEqual([]);
    for (const site of FAULT_SITES)
      expect(rows.filter((row) => row.site === site).every(({ points }) => points > 0)).toBe(true);
  });

  test('exhaust: a fault strikes once, at its place, and leaves a digest of its own', () => {
    const clean = runScenario(swarm, 1, SMALL);
    for (const site of FAULT_SITES) {
      const { result, swarm: run } = runScenario(swarm, 1, SMALL, { faultPoint: { site, number: 1, effect: 'fail' } });
      expect(run.faultCount(`${site}Point`)).toBe(1);
      expect(result.digest).not.toBe(clean.result.digest);
      expect(clean.swarm.faultCount(`${site}Point`)).toBe(0);
    }
  });

  test('exhaust: a place beyond the last changes nothing', () => {
    const clean = runScenario(swarm, 1, SMALL);
    const number = clean.swarm.faultPoints.count('write') + 1;
    const { result } = runScenario(swarm, 1, SMALL, { faultPoint: { site: 'write', number, effect: 'crash' } });
    expect(result.digest).toBe(clean.result.digest);
  });

  test('exhaust: finds an engine that takes a save that failed for done, which no random fault of crash-restart shows', () => {
    const crashRestart = scenarios.find(({ name }) => name === 'crash-restart') as Scenario;
    const planted: Scenario = {
      ...crashRestart,
      world: (knobs) => ({
        ...crashRestart.world(knobs),
        wrap: (engine) => {
          const resumeSaved = engine.resumeSaved.bind(engine);
          engine.resumeSaved = (now, job) => resumeSaved(now, job, null);
          return engine;
        },
      }),
    };
    const knobs = { peers: 2, sizeMiB: 1, pieceKiB: 64, crashes: 1, everyS: 3 };
    for (let seed = 1; seed <= 20; seed += 1) expect(runScenario(planted, seed, knobs).result.reason).toBeNull();
    const rows: ExhaustRow[] = [];
    exhaust({ scenario: planted, seed: 1, knobs, sites: ['save'] }, (row) => rows.push(row));
    expect(rows[0]?.firstFailure?.reason).toMatch(/says piece \d+ is flushed, which its resume data does not claim/);
    expect(rows[1]?.firstFailure).toBeNull();
    rows.length = 0;
    exhaust({ scenario: crashRestart, seed: 1, knobs, sites: ['save'] }, (row) => rows.push(row));
    expect(rows.map(({ firstFailure }) => firstFailure)).toEqual([null, null]);
  });

  test('exhaust: a fault point is read as it is written, and a wrong one is named in one line', () => {
    expect(readFaultPoint('write:17:tear')).toEqual({ site: 'write', number: 17, effect: 'tear' });
    for (const wrong of ['', 'write', 'write:0:tear', 'disk:1:fail', 'save:1:tear', 'write:1:tear:x', 'write:-1:fail'])
      expect(readFaultPoint(wrong)).toHaveProperty('error');
  });

  test('exhaust: the command prints a row for each effect, and one run again by --fault', async () => {
    const lines: string[] = [];
    const output = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
    expect(await runSim(['exhaust', '--site', 'sync'], output)).toBe(0);
    expect(lines).toHaveLength(5);
    expect(lines.at(-1)).toMatch(/^\d+ runs in [\d.]+ s: all converged$/);
    lines.length = 0;
    expect(await runSim(['exhaust', '--site', 'sync', '--json'], output)).toBe(0);
    expect(lines.map((line) => JSON.parse(line).effect)).toEqual(['fail', 'tear', 'crash']);
    expect(await runSim(['scenario', 'swarm', '--fault', 'write:3:crash'], output)).toBe(0);
    expect(await runSim(['scenario', 'swarm', '--fault', 'write:3:melt'], output)).toBe(2);
    expect(await runSim(['exhaust', '--site', 'disk'], output)).toBe(2);
    expect(lines.at(-1)).toContain('no fault site "disk"');
  });
});
