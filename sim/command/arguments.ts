// What every command of `starling sim` reads from its command line, and how it refuses.

import { InvalidArgumentError } from 'commander';
import { type KnobValue, readSetting } from '#harness';
import { scenarios } from '#scenarios';
import type { Scenario } from '#sim';

/** A wrong argument: one line for the user, exit code 2. */
export class UsageError extends Error {}

/** The scenario of that name, or all where none is named. Throws `UsageError` with the names that there are. */
export function chosen(name: string | undefined): readonly Scenario[] {
  if (name === undefined || name === 'all') return scenarios;
  const found = scenarios.filter((scenario) => scenario.name === name);
  if (found.length > 0) return found;
  throw new UsageError(`no scenario "${name}"; there are: ${scenarios.map((scenario) => scenario.name).join(', ')}`);
}

/** Values of knobs from texts `KNOB=VALUE`. With all scenarios, a knob that one lacks is left out there; a named one must have it. */
export function knobsGiven(
  scenario: Scenario,
  named: boolean,
  texts: readonly string[],
): { readonly [name: string]: KnobValue } {
  const values: { [name: string]: KnobValue } = {};
  for (const text of texts) {
    const setting = readSetting(scenario.knobs, text);
    if ('name' in setting) values[setting.name] = setting.value;
    else if (named || scenarios.every(({ knobs }) => 'error' in readSetting(knobs, text)))
      throw new UsageError(`${scenario.name}: ${setting.error}`);
  }
  return values;
}

/** Reads an option that counts or seeds; commander reports what it throws. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0x7fffffff)
    throw new InvalidArgumentError('a whole number from 0 to 2147483647 is needed.');
  return Number(text);
}

/** Reads how many runs are made at a time. */
export function threadCount(text: string): number {
  const count = wholeNumber(text);
  if (count < 1) throw new InvalidArgumentError('at least 1 is needed.');
  return count;
}

/** Reads the URL of a Redis server. */
export function redisUrl(text: string): string {
  if (!URL.canParse(text) || !/^rediss?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError('write redis://HOST:PORT.');
  return text;
}

/** Collects an option that may be given several times. */
export function repeated(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** The end of a line about packages that only some need: `packages` as npm takes them. */
export function howToInstall(packages: string): string {
  return `run \`npm install ${packages}\` where starling is (-g where it is global)`;
}
