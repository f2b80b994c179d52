// What every attack scenario shares: the same honest swarm runs without and with the attackers on one seed, and what the attack costs the
// honest is told beside what is expected.
//
// What must hold of every attack run, whatever its size: everyone honest completes, with exactly the torrent's content on the disk, and holds
// no more connections than its limit. The swarm itself sees to it that nobody is faster than arithmetic allows, that no honest peer is
// banned, that no bad piece counts, and that bytes sent = received + dropped. Expectations are judged at the sizes that they were measured
// for alone: the default and the full one of the published attack.

import type { EventName, Settings } from '#engine';
import { choice, defaultsOf, type Knobs, type KnobValue, type ValuesOf, whole } from '#harness';
import {
  type NodeSetting,
  patienceS,
  type Scenario,
  scenario,
  type ScriptedPeer,
  type ScriptOptions,
  shared,
  type SimNode,
  Swarm,
} from '#sim';

/** One thing that was measured, beside what is expected of it. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly expected: string;
  readonly holds: boolean;
}

/** Those who are there in both runs. */
interface Honest {
  readonly seeds: readonly SimNode[];
  /** The victim is the last of them, where there is one. */
  readonly leechers: readonly SimNode[];
}

/** An honest swarm under attack, once everyone honest is done. */
export interface Attacked extends Honest {
  readonly swarm: Swarm;
  readonly attackers: readonly ScriptedPeer[];
  /** The same swarm by itself. */
  readonly calm: Honest;
}

type BaseKnobs = typeof baseKnobs;
type AttackKnobs<K extends Knobs> = ValuesOf<BaseKnobs> & ValuesOf<K>;

export interface AttackOptions<K extends Knobs> {
  readonly name: string;
  readonly doc: string;
  /** What differs from `baseKnobs`, and what it has besides. */
  readonly knobs: K;
  /** The sizes of the table. */
  readonly full: Partial<AttackKnobs<K>>;
  readonly marks: readonly EventName[];
  /** Settings of the honest that matter to this attack. */
  readonly settings?: (knobs: AttackKnobs<K>) => Partial<Settings>;
  /** An honest leecher more, which the attack singles out and starts itself; without attackers it starts then. */
  readonly victimStartsS?: number;
  /** They send garbage: each may spoil a piece for each of the honest before it is known, which is then fetched anew. */
  readonly spoils?: true;
  /** Adds the attackers; `addAttackers` helps. */
  readonly attack: (swarm: Swarm, knobs: AttackKnobs<K>, honest: Honest) => ScriptedPeer[];
  /** What was measured, and proof that the attack took place. */
  readonly judge: (attacked: Attacked, knobs: AttackKnobs<K>) => readonly Figure[];
}

export interface Attack {
  readonly scenario: Scenario;
  /** One run in a swarm of `scenario.world`, made with the same knobs. Throws `Violation` where a law is broken. */
  readonly measure: (swarm: Swarm, knobs: { readonly [name: string]: KnobValue }) => readonly Figure[];
}

/** The swarm that is attacked. Small and slow, so that it is quick to simulate and long compared with a choke round. */
const baseKnobs = {
  peers: shared.peers(20),
  attackers: whole(30, 1, 50, '%', 'attackers among all leechers and attackers'),
  sizeMiB: shared.sizeMiB(8),
  pieceKiB: shared.pieceKiB(64),
  seedKBps: whole(400, 50, 4000, 'kB/s', "the seed's uplink"),
  seedSlots: whole(4, 2, 80, '', 'peers that the seed serves at a time'),
  upKBps: shared.upKBps(100),
  downKBps: shared.downKBps(400),
  latencyMs: shared.latencyMs(40),
  connections: whole(80, 20, 200, '', 'most connections of an honest node'),
  full: choice(false, [false], '', 'the sizes at which the attacks were published'),
};

/** Honest leechers, and attackers as a rule, join within so much time. */
const JOIN_WITHIN_S = 10;
const SETTLE_S = 5;
const LOOK_EVERY_S = 5;

export function attack<K extends Knobs>(options: AttackOptions<K>): Attack {
  const knobs = { ...baseKnobs, ...options.knobs };
  const sized = (values: AttackKnobs<K>): AttackKnobs<K> => (values.full ? { ...values, ...options.full } : values);
  const measure = (swarm: Swarm, given: AttackKnobs<K>) => {
    const values = sized(given);
    const calm = new Swarm({ ...contentsOf(values), seed: swarm.seed });
    const { victimStartsS } = options;
    const alone = addHonest(calm, values, victimStartsS !== undefined, options.settings?.(values) ?? {});
    if (victimStartsS !== undefined) calm.at(victimStartsS, () => alone.leechers.at(-1)?.start(calm.contents));
    completeAll(calm, alone, 0);
    calm.finish();
    swarm.trace.record(0, 0, Number.parseInt(calm.trace.digest().slice(0, 8), 16), 0);
    const honest = addHonest(swarm, values, victimStartsS !== undefined, options.settings?.(values) ?? {});
    const attackers = options.attack(swarm, values, honest);
    watchLimits(swarm, honest, values.connections);
    completeAll(swarm, honest, options.spoils ? attackers.length : 0);
    return options.judge({ swarm, attackers, calm: alone, ...honest }, values);
  };
  const described = scenario({
    name: options.name,
    doc: options.doc,
    knobs,
    marks: options.marks,
    world: (values) => contentsOf(sized(values as AttackKnobs<K>)),
    play(swarm, values) {
      const given = values as AttackKnobs<K>;
      const judged = isDefault({ ...given, full: false }, knobs);
      for (const { what, value, unit, expected, holds } of measure(swarm, given)) {
        const text = `${what} ${value.toFixed(unit === '' ? 2 : 1)} ${unit}`.trimEnd();
        swarm.notes.push(expected === '' ? text : `${text} (expected ${expected})`);
        if (judged) swarm.check(`${what} ${expected}`, holds, () => text);
      }
    },
  });
  return { scenario: described, measure: measure as Attack['measure'] };
}

/** Adds `count` nodes with a script in the place of their engine; they start within the same time as the honest. `pretends`: they count as
 *  seeds, who need nothing. */
export function addAttackers(
  swarm: Swarm,
  count: number,
  line: NodeSetting,
  pretends: boolean,
  make: (options: ScriptOptions, index: number) => ScriptedPeer,
): ScriptedPeer[] {
  const random = swarm.random.fork('attackers');
  const attackers: ScriptedPeer[] = [];
  for (let index = 0; index < count; index += 1) {
    const script = make({ contents: swarm.contents, random: random.fork(String(index)) }, index);
    const node = swarm.prepare({ ...line, honest: false, wrap: () => script }, pretends);
    attackers.push(script);
    swarm.at(random.below(JOIN_WITHIN_S * 1000) / 1000, () => node.start(swarm.contents));
  }
  return attackers;
}

/** So many attackers that they are the knob's share of all who are no honest seed. */
export function attackerCount({ peers, attackers }: { readonly peers: number; readonly attackers: number }): number {
  return Math.max(1, Math.round((peers * attackers) / (100 - attackers)));
}

export function lineOf({ upKBps, downKBps, latencyMs }: ValuesOf<BaseKnobs>): NodeSetting {
  return { upKBps, downKBps, latencyMs };
}

/** What the attack costs the honest: how much longer the median of them takes; Infinity: nothing is expected of it. */
export function honestCost({ leechers, calm }: Attacked, mostPercent: number): Figure {
  const percent = (medianS(leechers) / medianS(calm.leechers) - 1) * 100;
  return {
    what: 'honest median',
    value: percent,
    unit: '%',
    expected: mostPercent === Number.POSITIVE_INFINITY ? '' : `<= +${mostPercent} %`,
    holds: percent <= mostPercent,
  };
}

/** A count that shows that the attack took place: more than none. */
export function proof(what: string, value: number): Figure {
  return { what, value, unit: 'x', expected: '', holds: value > 0 };
}

/** Seconds from joining to completion, of the median. */
export function medianS(nodes: readonly SimNode[]): number {
  const sorted = nodes.map(tookS).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Sum of one of the things that scripts count. */
export function total(attackers: readonly ScriptedPeer[], what: keyof ScriptedPeer['did']): number {
  return attackers.reduce((sum, { did }) => sum + did[what], 0);
}

function tookS(node: SimNode): number {
  return ((node.completedAt as number) - (node.joinedAt as number)) / 1e6;
}

function contentsOf({ sizeMiB, pieceKiB }: ValuesOf<BaseKnobs>) {
  return { contents: { sizeMiB, pieceKiB } };
}

function addHonest(swarm: Swarm, values: ValuesOf<BaseKnobs>, withVictim: boolean, others: Partial<Settings>): Honest {
  const settings = { connectionsPerTorrentMax: values.connections, numwant: values.connections, ...others };
  const line = { ...lineOf(values), settings };
  const seedSettings = { ...settings, uploadSlots: values.seedSlots };
  const seeds = [swarm.addSeed({ ...line, upKBps: values.seedKBps, settings: seedSettings })];
  const leechers = swarm.addLeechers(values.peers, line, JOIN_WITHIN_S);
  return { seeds, leechers: withVictim ? [...leechers, swarm.prepare(line)] : leechers };
}

/** `spoiledPieces`: so many may be fetched in vain by each. */
function completeAll(swarm: Swarm, { leechers }: Honest, spoiledPieces: number): void {
  const { pieceCount } = swarm.contents.geometry;
  swarm.untilComplete(JOIN_WITHIN_S + patienceS(swarm) * (1 + spoiledPieces / pieceCount), leechers);
  swarm.run(SETTLE_S);
  for (const leecher of leechers) {
    const store = leecher.storeOf(swarm.contents);
    for (let piece = 0; piece < pieceCount; piece += 1)
      swarm.check('who is honest holds the true content', store.holds(piece), () => `node ${leecher.index}, ${piece}`);
  }
}

function watchLimits(swarm: Swarm, { seeds, leechers }: Honest, most: number): void {
  swarm.after(LOOK_EVERY_S, () => {
    for (const node of [...seeds, ...leechers])
      if (node.running) swarm.check('the limit of connections holds', node.status().peers.length <= most);
    watchLimits(swarm, { seeds, leechers }, most);
  });
}

function isDefault(values: { readonly [name: string]: KnobValue }, knobs: Knobs): boolean {
  return Object.entries(defaultsOf(knobs)).every(([name, value]) => values[name] === value);
}
