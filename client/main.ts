// The entry of the executable: reads the command line and loads only the part that it asks for.
//
// Always: a usage error exits 2, a failure 1 with one line on stderr that names the file or address and the reason.

import { isIP } from 'node:net';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { isIceServer } from './webrtc/ice-server.ts';
import { parseHostPort } from './net/address.ts';
import { wholePrintable } from '#harness/untrusted-text';
import type { ConfigOptions } from './commands/config.ts';
import type { InfoOptions } from './commands/info.ts';
import type { TuiOptions } from './commands/tui.ts';
import type { GetOptions } from './commands/transfer.ts';
import { parseBytes } from './units.ts';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];
const LEAVING = `
Ctrl-C leaves within 5 s: what was received is written, and the tracker told. It
exits 0, or 1 where --exit still waited. A second one leaves at once, with 130.`;

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (value < 0 || value > 65_535) throw new InvalidArgumentError('a port is 0 … 65535.');
  return value;
}

function bytes(text: string): number {
  const value = parseBytes(text);
  if (value === null) throw new InvalidArgumentError('write bytes such as 500000, 512KiB or 1.5MB.');
  return value;
}

function pieceLength(text: string): number {
  const value = bytes(text);
  const power = value >= 16_384 && value <= 64 * 1024 ** 2 && 2 ** Math.floor(Math.log2(value)) === value;
  if (!power) throw new InvalidArgumentError('a piece length is a power of two from 16KiB to 64MiB.');
  return value;
}

function hostPort(text: string, previous: readonly string[]): string[] {
  if (parseHostPort(text) === null) throw new InvalidArgumentError('write HOST:PORT or [IPV6]:PORT.');
  return [...previous, text];
}

function address(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('write a numeric address of this machine.');
  return text;
}

function trackerUrl(text: string, previous: readonly string[]): string[] {
  if (!/^(https?|udp|wss?):\/\/[^\s/]/.test(text))
    throw new InvalidArgumentError('a tracker is an http, https, udp, ws or wss URL.');
  return [...previous, text];
}

function iceServer(text: string, previous: readonly string[]): string[] {
  if (!isIceServer(text)) throw new InvalidArgumentError('write stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT.');
  return [...previous, text];
}

function rateLimit(flags: string): Option {
  return new Option(flags, 'bytes per second, such as 500KiB').argParser(bytes).default(0, 'unlimited');
}

function transferCommand(name: string, description: string, torrent: string): Command {
  return new Command(name)
    .description(description)
    .argument('<torrent>', torrent)
    .requiredOption('--dir <dir>', 'the folder that holds, or shall hold, the content')
    .option('--port <n>', 'port to listen on (default: 6881-6889, then any)', port)
    .option('--bind <address>', 'keep every connection, incoming and outgoing, on this address', address)
    .addOption(
      new Option('--peer <host:port>', 'dial this peer; may be given several times')
        .argParser(hostPort)
        .default([], 'none'),
    )
    .option('--no-trackers', 'ask no tracker')
    .addOption(
      new Option('--ice-server <url>', 'STUN or TURN server for WebRTC peers; may be given several times')
        .argParser(iceServer)
        .default([], 'none'),
    )
    .option('--json', 'print JSON lines')
    .option('--check', 'hash everything on the disk before starting')
    .addOption(rateLimit('--download-limit <rate>'))
    .addOption(rateLimit('--upload-limit <rate>'))
    .option('--state <dir>', 'folder of the resume data and of metadata from peers (default: $XDG_STATE_HOME/starling)')
    .addOption(new Option('--log-level <level>', 'least level logged on stderr').choices(LEVELS).default('warn'))
    .option(
      '--log-file <file>',
      'append the log to this file as JSON lines, from info on (or from --log-level, where lower)',
    )
    .option(
      '--record <file>',
      'write a journal of what the engine was told, without content, for `starling sim replay`',
    )
    .option('--no-record', 'keep no journal, not even the nameless one that is kept when our own bug ends the program')
    .addHelpText('after', LEAVING);
}

function program(): Command {
  const starling = new Command('starling')
    .description('A BitTorrent engine that can be rewound: real downloads and simulated swarms from one build.')
    .version('0.1.0');

  const get = transferCommand(
    'get',
    'Download a torrent, then seed it',
    'the .torrent file, or a magnet link in quotes',
  )
    .option('--exit', 'end as soon as everything is complete, verified and synced')
    .option('--sequential', 'fetch the pieces in order')
    .action(async (file: string, options: GetOptions) => (await import('./commands/transfer.ts')).get(file, options));

  const seed = transferCommand('seed', 'Share content that is already there', 'the .torrent file').action(
    async (file: string, options: GetOptions) => (await import('./commands/transfer.ts')).seed(file, options),
  );

  const verify = new Command('verify')
    .description('Compare the content on the disk with the torrent')
    .argument('<torrent>', 'the .torrent file')
    .requiredOption('--dir <dir>', 'the folder that holds the content')
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: { dir: string; json?: true }) =>
      (await import('./commands/verify.ts')).verify(file, options),
    );

  const create = new Command('create')
    .description('Make a .torrent of a file or a folder')
    .argument('<path>', 'the file or folder to share')
    .requiredOption('-o, --output <file>', 'the .torrent file to write')
    .option('--piece-length <bytes>', 'a power of two, such as 256KiB (default: by size)', pieceLength)
    .addOption(
      new Option('--tracker <url>', 'announce URL; each further one is a tier of its own')
        .argParser(trackerUrl)
        .default([], 'none'),
    )
    .option('--private', 'peers only from the trackers (BEP 27)')
    .option('--comment <text>', 'a comment for people')
    .action(async (path: string, options) => (await import('./commands/create.ts')).create(path, options));

  const info = new Command('info')
    .description('Show what a .torrent or a magnet link says')
    .argument('<torrent>', 'the .torrent file, or a magnet link in quotes')
    .option('--scrape', 'ask its trackers how many share it, without announcing')
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: InfoOptions) => (await import('./commands/info.ts')).info(file, options));

  const tracker = new Command('tracker')
    .description('Run a tracker for a private swarm, over HTTP, UDP and WebSocket')
    .option('--port <n>', 'port of all (0 = any)', port, 6969)
    .option('--bind <address>', 'address to listen on', '127.0.0.1')
    .action(async (options: { port: number; bind: string }) =>
      (await import('./commands/tracker.ts')).tracker(options),
    );

  const config = new Command('config')
    .description('Show the configuration of the client and where it is')
    .option('--file <file>', "another file than the platform's")
    .option('--init', 'write a commented file with every default, where there is none')
    .option('--json', 'print one JSON object')
    .action(async (options: ConfigOptions) => (await import('./commands/config.ts')).config(options));

  const tui = new Command('tui')
    .description(
      'The terminal UI; also what starling alone starts on a terminal, and starling with a .torrent file or a magnet link',
    )
    .argument('[source]', 'a .torrent file, a folder to look in, or a magnet link to add')
    .option('--config <file>', "another configuration than the platform's")
    .option('--state <dir>', 'folder of the torrents and their resume data (default: $XDG_STATE_HOME/starling)')
    .action(async (source: string | undefined, options: TuiOptions) =>
      (await import('./commands/tui.ts')).tui(source, options),
    );

  const sim = new Command('sim')
    .description('Run simulated swarms on a virtual clock')
    .helpOption(false)
    .allowUnknownOption()
    .argument('[args...]')
    .action(() => undefined);

  for (const command of [tui, get, seed, verify, create, info, tracker, config, sim]) {
    starling.addCommand(command.allowExcessArguments(command === sim));
  }
  for (const command of [starling, ...starling.commands])
    command.exitOverride().configureOutput({ outputError: (text, write) => write(usageError(text)) });
  return starling;
}

/** One line, in place of commander's `error: …`. */
function usageError(text: string): string {
  const reason = text
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return `starling: ${wholePrintable(reason)} (--help shows the usage)\n`;
}

/** Without a command the UI is meant: on a terminal alone, or with what a desktop hands over to be opened. */
function meant(argv: readonly string[]): readonly string[] {
  const onTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const opens = argv[0] === undefined ? onTerminal : /^magnet:|\.torrent$/i.test(argv[0]);
  return opens ? ['tui', ...argv] : argv;
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'sim') {
    const { runSim } = await import('#sim-command');
    return runSim(argv.slice(1));
  }
  try {
    await program().parseAsync(meant(argv), { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Error && error.name === 'Failure') {
      process.stderr.write(`starling: ${wholePrintable(error.message)}\n`);
      return 1;
    }
    throw error;
  }
}

process.exitCode = await main(process.argv.slice(2));
