// What may vary from run to run: named values with a default, a way to draw others, a unit and a line that says what they mean.

import fc, { type Arbitrary } from 'fast-check';

export type KnobValue = number | boolean | string;

export interface Knob<T extends KnobValue = KnobValue> {
  /** Draws and shrinks values, when a run explores. */
  readonly arbitrary: Arbitrary<T>;
  readonly default: T;
  /** Stands after the value when it is shown; empty for a bare number or a choice. */
  readonly unit: string;
  readonly doc: string;
}

export type Knobs = { readonly [name: string]: Knob };

/** One value for each knob. */
export type ValuesOf<K extends Knobs> = { readonly [N in keyof K]: K[N] extends Knob<infer T> ? T : never };

type Widened<T extends KnobValue> = T extends number ? number : T extends boolean ? boolean : string;

/** Declares a knob; a literal default widens, so that `--set` may give any value of its kind. */
export function knob<T extends KnobValue>(
  value: T,
  arbitrary: Arbitrary<Widened<T>>,
  unit: string,
  doc: string,
): Knob<Widened<T>> {
  return { default: value as unknown as Widened<T>, arbitrary, unit, doc };
}

/** A knob of whole numbers from `min` to `max`, both inclusive, when explored. */
export function whole(value: number, min: number, max: number, unit: string, doc: string): Knob<number> {
  return knob(value, fc.integer({ min, max }), unit, doc);
}

/** A whole number as `whole`, which shrinks towards its default: for what is neither size nor fault, so that a shrunk case names it only
 *  where it matters. */
export function near(value: number, min: number, max: number, unit: string, doc: string): Knob<number> {
  const away = fc.integer({ min: min - value, max: max - value });
  const arbitrary = away.map(
    (distance) => value + distance,
    (drawn) => (drawn as number) - value,
  );
  return knob(value, arbitrary, unit, doc);
}

/** A knob that is one of a few values, from the simplest on. */
export function choice<T extends KnobValue>(
  value: T,
  values: readonly T[],
  unit: string,
  doc: string,
): Knob<Widened<T>> {
  const place = fc.nat({ max: values.length - 1 });
  const arbitrary = place.map(
    (at) => values[at] as T,
    (drawn) => values.indexOf(drawn as T),
  );
  return knob(value, arbitrary as unknown as Arbitrary<Widened<T>>, unit, doc);
}

/** A knob that is some of a few names, joined by `+`; `none` where it is none of them. Shrinks by leaving names out. */
export function some(value: string, names: readonly string[], doc: string): Knob<string> {
  const arbitrary = fc.uniqueArray(fc.constantFrom(...names), { maxLength: names.length, size: 'max' }).map(
    (list) => list.join('+') || 'none',
    (text) => namesOf(text as string),
  );
  return knob(value, arbitrary, '', doc);
}

/** The names in a value of such a knob. Throws where one is none of `names`. */
export function namesAmong<Name extends string>(names: readonly Name[], value: string): Name[] {
  return namesOf(value).map((given) => {
    const known = names.find((name) => name === given);
    if (known === undefined) throw new Error(`no name "${given}"; there are: ${names.join(', ')}, none`);
    return known;
  });
}

function namesOf(value: string): string[] {
  return value === 'none' ? [] : value.split('+');
}

export function defaultsOf<K extends Knobs>(knobs: K): ValuesOf<K> {
  return Object.fromEntries(Object.entries(knobs).map(([name, { default: value }]) => [name, value])) as ValuesOf<K>;
}

/** Reads `NAME=VALUE` as the type of the knob's default. A string that comes back as `error` is one line for the user. */
export function readSetting(
  knobs: Knobs,
  text: string,
): { readonly name: string; readonly value: KnobValue } | { readonly error: string } {
  const split = text.indexOf('=');
  const name = split < 0 ? text : text.slice(0, split);
  const known = Object.hasOwn(knobs, name) ? knobs[name] : undefined;
  if (known === undefined) return { error: `no knob "${name}"; there are: ${Object.keys(knobs).join(', ') || 'none'}` };
  if (split < 0) return { error: `"${text}" is not KNOB=VALUE` };
  const given = text.slice(split + 1);
  if (typeof known.default === 'string') return { name, value: given };
  if (typeof known.default === 'boolean') {
    if (given === 'true' || given === 'false') return { name, value: given === 'true' };
    return { error: `${name} is true or false, not "${given}"` };
  }
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value)) return { error: `${name} is a number, not "${given}"` };
  return { name, value };
}

/** The options that give these values back on a command line; those not given or the default are left out. */
export function settingsText(knobs: Knobs, values: { readonly [name: string]: KnobValue }): string {
  return Object.keys(knobs)
    .filter((name) => values[name] !== undefined && values[name] !== knobs[name]?.default)
    .map((name) => ` --set ${name}=${values[name]}`)
    .join('');
}
