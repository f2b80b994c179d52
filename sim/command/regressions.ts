// Shrunk failures as files: a scenario, a seed and every knob, for people to read and for the tests to replay for ever. The folder is the
// checkout's own; outside of a checkout nothing is written unless a folder is named.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KnobValue, settingsText } from '#harness';
import { scenarios } from '#scenarios';
import type { Scenario } from '#sim';
import { UsageError } from './arguments.ts';
import { replayCommand } from './report.ts';

export interface Regression {
  readonly scenario: string;
  readonly seed: number;
  readonly knobs: { readonly [name: string]: KnobValue };
  /** What did not hold when it was found. */
  readonly reason: string;
  /** What it was found with. */
  readonly commit: string;
}

const FOLDER = 'scenarios/regressions';
const NAME_WORDS_MAX = 8;

/** Where failures are written when nobody says: null outside of a checkout. */
export function defaultFolder(): string | null {
  return existsSync('scenarios/index.ts') ? FOLDER : null;
}

/** Every file of the folder, in order of their names; none where there is no folder. */
export function regressionFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name));
}

/** Reads a file and finds its scenario. Throws `UsageError` with one line that names the file and what is wrong with it. */
export function readRegression(path: string): { readonly regression: Regression; readonly scenario: Scenario } {
  const refuse = (what: string): never => {
    throw new UsageError(`${path}: ${what}`);
  };
  let read: Partial<Regression>;
  try {
    read = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return refuse((error as Error).message);
  }
  const scenario = scenarios.find(({ name }) => name === read?.scenario);
  if (scenario === undefined) return refuse(`no scenario "${read?.scenario}"`);
  if (!Number.isSafeInteger(read.seed)) return refuse('"seed" is not a whole number');
  if (typeof read.knobs !== 'object' || read.knobs === null) return refuse('"knobs" is missing');
  for (const [name, value] of Object.entries(read.knobs)) {
    const known = Object.hasOwn(scenario.knobs, name) ? scenario.knobs[name] : undefined;
    if (known === undefined) return refuse(`${scenario.name} has no knob "${name}"`);
    if (typeof value !== typeof known.default) return refuse(`knob "${name}" is a ${typeof known.default}`);
  }
  return { regression: read as Regression, scenario };
}

/** Writes a failure under a name made of its scenario and claim. Returns the path, of the file that holds the same case if there is one. */
export function writeRegression(
  folder: string,
  scenario: Scenario,
  found: Omit<Regression, 'scenario'> & { readonly claim: string },
): { readonly path: string; readonly isNew: boolean } {
  const { seed, knobs, reason, commit } = found;
  const replay = replayCommand(scenario.name, seed, settingsText(scenario.knobs, knobs));
  const base = join(folder, `${scenario.name}-${slug(found.claim)}`);
  for (let copy = 1; ; copy += 1) {
    const path = `${base}${copy === 1 ? '' : `-${copy}`}.json`;
    if (existsSync(path)) {
      const { regression } = readRegression(path);
      if (sameCase(regression, seed, knobs)) return { path, isNew: false };
      continue;
    }
    mkdirSync(folder, { recursive: true });
    const file = { scenario: scenario.name, seed, knobs, reason, commit, replay };
    writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`);
    return { path, isNew: true };
  }
}

function sameCase(one: Regression, seed: number, knobs: { readonly [name: string]: KnobValue }): boolean {
  const names = Object.keys(knobs);
  return (
    one.seed === seed &&
    names.length === Object.keys(one.knobs).length &&
    names.every((name) => one.knobs[name] === knobs[name])
  );
}

/** The first words of a claim, fit for the name of a file. */
function slug(claim: string): string {
  const words = claim.toLowerCase().match(/[a-z]{2,}/g) ?? [];
  return words.slice(0, NAME_WORDS_MAX).join('-');
}
