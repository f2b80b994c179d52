// What the user may configure: one flat TOML file, each key with its default. A key that nothing reads does not belong here.
//
// Always: a wrong file never stops the client: what is wrong is named with its line and key, and has its default.

import { isIP } from 'node:net';
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { printable } from '#harness/untrusted-text';
import { absolute } from '../home-path.ts';
import { isColour, THEME_NAMES } from '../tui/theme.ts';
import { parseBytes } from '../units.ts';
import { isIceServer } from '../webrtc/ice-server.ts';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** A colour of the terminal's palette, `bright` before it or not; `#rrggbb`; `default`: the terminal's own; `theme`: the theme's. */
const colour = v.pipe(
  v.string(),
  v.check(
    (text) => text === 'theme' || text === 'default' || isColour(text),
    'write "theme", "default", "#rrggbb", or a name such as "cyan" or "bright-cyan"',
  ),
);
const folder = v.pipe(v.string(), v.transform(absolute));
/** `''` → null. */
const file = v.pipe(
  v.string(),
  v.transform((text) => (text === '' ? null : absolute(text))),
);
/** `''` → null. A name would be another address at each look, or none. */
const address = v.pipe(
  v.string(),
  v.check(
    (text) => text === '' || isIP(text) !== 0,
    'write a numeric address of this machine such as "192.0.2.7", or "" for all',
  ),
  v.transform((text) => (text === '' ? null : text)),
);
/** Bytes per second, 0 = unlimited: `"500KiB"`, `1000000`, `"0"`. */
const rate = v.pipe(
  v.union([v.number(), v.string()], 'write bytes per second such as "500KiB" or "1.5MB", 0 = unlimited'),
  v.transform((value) => parseBytes(String(value))),
  v.number('write bytes per second such as "500KiB" or "1.5MB", 0 = unlimited'),
);
const whole = (least: number, most: number) =>
  v.pipe(
    v.number(`write a whole number from ${least} to ${most}`),
    v.check(
      (value) => Number.isInteger(value) && value >= least && value <= most,
      `write a whole number from ${least} to ${most}`,
    ),
  );
/** `"6881-6889"`, `"6881"` or a number; 0: any free port. */
const ports = v.pipe(
  v.union([v.number(), v.string()], 'write a port or a range such as "6881-6889"'),
  v.transform((value) => portsOf(String(value))),
  v.array(v.number(), 'write a port or a range such as "6881-6889"'),
);

const ICE_SERVERS = 'write a list such as ["stun:HOST:PORT", "turn:USER:PASSWORD@HOST:PORT"]';
const iceServers = v.pipe(
  v.array(v.string(ICE_SERVERS), ICE_SERVERS),
  v.check((servers) => servers.every(isIceServer), ICE_SERVERS),
);

interface Key {
  readonly schema: v.GenericSchema;
  /** As it is written in the file. */
  readonly written: string;
  readonly about: string;
}

/** Every key in the order of the commented file. */
export const KEYS = {
  theme: { schema: v.picklist(THEME_NAMES), written: '"dark"', about: `Colours: ${THEME_NAMES.join(', ')}.` },
  foreground: {
    schema: colour,
    written: '"theme"',
    about: 'Text: "theme", "default" (the terminal\'s), "#rrggbb" or a name such as "cyan".',
  },
  background: { schema: colour, written: '"theme"', about: 'Behind it.' },
  accent: { schema: colour, written: '"theme"', about: 'What is selected or moves.' },
  units: { schema: v.picklist(['bytes', 'bits']), written: '"bytes"', about: 'Rates in "bytes" or "bits" per second.' },
  prefixes: {
    schema: v.picklist(['binary', 'si']),
    written: '"binary"',
    about: '"binary": KiB = 1024 B; "si": kB = 1000 B.',
  },
  download_folder: {
    schema: folder,
    written: '"~/Downloads"',
    about: 'Where a new torrent goes, unless another folder is chosen.',
  },
  active_downloads: {
    schema: whole(0, 10_000),
    written: '5',
    about: 'Torrents that download at once; the others wait. 0: all.',
  },
  download_limit: {
    schema: rate,
    written: '"0"',
    about: 'Bytes per second over all torrents, such as "500KiB"; 0: unlimited.',
  },
  upload_limit: { schema: rate, written: '"0"', about: 'The same for upload.' },
  listen_ports: { schema: ports, written: '"6881-6889"', about: 'Tried in order, then any; "0": any free port.' },
  bind: { schema: address, written: '""', about: 'Keep every connection on this address of the machine; "": all.' },
  ice_servers: {
    schema: iceServers,
    written: '[]',
    about: 'STUN and TURN servers, which browser peers behind NAT are met with: ["stun:HOST:PORT"].',
  },
  connections: { schema: whole(1, 10_000), written: '500', about: 'Connections over all torrents.' },
  connections_per_torrent: { schema: whole(1, 10_000), written: '80', about: 'Connections of one torrent.' },
  upload_slots: { schema: whole(1, 1_000), written: '4', about: 'Peers of one torrent that are given data at once.' },
  log_file: { schema: file, written: '""', about: 'A file to which the log is appended as JSON lines; "": none.' },
  log_level: {
    schema: v.picklist(LEVELS),
    written: '"info"',
    about: `Least level in that file: ${LEVELS.join(', ')}.`,
  },
} as const satisfies Record<string, Key>;

type KeyName = keyof typeof KEYS;

/** The effective values. Rates in bytes per second, folders absolute. */
export type Config = { readonly [Name in KeyName]: v.InferOutput<(typeof KEYS)[Name]['schema']> };

/** Something that is wrong in the file. `line`: 1 = the first, null = none can be named. */
export interface ConfigProblem {
  readonly line: number | null;
  readonly key: string | null;
  readonly message: string;
}

export interface ParsedConfig {
  readonly config: Config;
  readonly problems: readonly ConfigProblem[];
  /** It is no TOML at all: every value is a default. */
  readonly broken: boolean;
}

/** Never throws. */
export function parseConfig(text: string): ParsedConfig {
  const problems: ConfigProblem[] = [];
  const table = parseToml(text, problems);
  for (const key of Object.keys(table ?? {})) {
    if (!Object.hasOwn(KEYS, key))
      problems.push({ line: lineOf(text, key), key, message: 'there is no such key: it is ignored' });
  }
  const config: Record<string, unknown> = {};
  for (const [key, { schema, written }] of Object.entries<Key>(KEYS)) {
    const fallback = v.parse(schema, parse(`value = ${written}`)['value']);
    const given = table?.[key];
    const parsed = given === undefined ? null : v.safeParse(schema, given);
    config[key] = parsed?.success ? parsed.output : fallback;
    if (parsed !== null && !parsed.success)
      problems.push({ line: lineOf(text, key), key, message: messageOf(parsed.issues[0], given) });
  }
  return { config: config as Config, problems, broken: table === null };
}

/** `PATH:3: accent: write …, not 5: the default is used` */
export function problemText(path: string, { line, key, message }: ConfigProblem): string {
  const place = line === null ? path : `${path}:${line}`;
  return printable(key === null ? `${place}: ${message}` : `${place}: ${key}: ${message}`);
}

/** The whole file with every default, as comments that say what each does. */
export function commentedFile(): string {
  const lines = Object.entries<Key>(KEYS).map(([key, { written, about }]) => `# ${about}\n# ${key} = ${written}\n`);
  return `# Starling. Take the "#" away from what you want to change; changes apply at once.\n\n${lines.join('\n')}`;
}

function parseToml(text: string, problems: ConfigProblem[]): Readonly<Record<string, unknown>> | null {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    problems.push({
      line: error.line,
      key: keyAt(text, error.line),
      message: `${reason ?? 'no TOML'}: nothing of the file counts`,
    });
    return null;
  }
}

function messageOf(issue: v.BaseIssue<unknown>, given: unknown): string {
  let message = issue.message;
  if (issue.kind === 'schema' && issue.type === 'picklist') message = `write one of ${issue.expected}`;
  if (issue.kind === 'schema' && issue.type === 'string') message = 'write a text in quotes';
  return `${message}, not ${JSON.stringify(given)}: the default is used`;
}

function lineOf(text: string, key: string): number | null {
  const at = text.split('\n').findIndex((line) => keyOf(line) === key);
  return at === -1 ? null : at + 1;
}

function keyAt(text: string, line: number): string | null {
  return keyOf(text.split('\n')[line - 1] ?? '');
}

function keyOf(line: string): string | null {
  return /^\s*(?:\[\s*)?["']?([\w-]+)["']?\s*[=.\]]/.exec(line)?.[1] ?? null;
}

function portsOf(text: string): number[] | null {
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (last < first || last > 65_535 || last - first >= 1_000) return null;
  return Array.from({ length: last - first + 1 }, (_port, at) => first + at);
}
