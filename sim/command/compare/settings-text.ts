// Settings of the engine as an experiment writes them: `pieceOrder=random,queueTimeMs=500`, or `default`.

import { DEFAULT_SETTINGS, type Settings } from '#engine';
import { InvalidArgumentError } from 'commander';

/** The values of the settings that are words, the default first. */
const WORDS: { readonly [name: string]: readonly string[] } = {
  seedChoke: ['roundRobin', 'fastestFirst'] satisfies Settings['seedChoke'][],
  pieceOrder: ['rarestFirst', 'random'] satisfies Settings['pieceOrder'][],
};
const NAMES = Object.entries(DEFAULT_SETTINGS)
  .filter(([name, value]) => typeof value !== 'string' || name in WORDS)
  .map(([name]) => name);

/** Commander reports what it throws: one line that names what is wrong and what there is. */
export function readSettings(text: string): Partial<Settings> {
  if (text === 'default') return {};
  const settings: { [name: string]: number | string | boolean } = {};
  for (const part of text.split(',')) {
    const [, name = part, value] = /^([^=]*)=(.*)$/.exec(part) ?? [];
    if (!NAMES.includes(name)) throw new InvalidArgumentError(`no setting "${name}"; there are: ${NAMES.join(', ')}.`);
    if (value === undefined) throw new InvalidArgumentError(`"${part}" is not NAME=VALUE.`);
    if (name in settings) throw new InvalidArgumentError(`${name} is given twice.`);
    settings[name] = readValue(name as keyof Settings, value);
  }
  return settings;
}

function readValue(name: keyof Settings, text: string): number | string | boolean {
  if (typeof DEFAULT_SETTINGS[name] === 'number') {
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new InvalidArgumentError(`${name} is a whole number from 0 to 999999999, not "${text}".`);
  }
  const words = WORDS[name] ?? ['false', 'true'];
  if (!words.includes(text)) throw new InvalidArgumentError(`${name} is ${words.join(' or ')}, not "${text}".`);
  return name in WORDS ? text : text === 'true';
}
