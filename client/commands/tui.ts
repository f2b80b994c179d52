// `starling tui`, and `starling` on a terminal: the terminal UI over a downloading process of its own.
//
// Always: the terminal is given back before anything is said on it; a signal leaves in good order, like `q`.

import { defaultConfigFile, readConfig, watchConfig } from '../config/config-file.ts';
import type { Config } from '../config/config.ts';
import { Core } from '../control/core.ts';
import { endProcess } from '../end-process.ts';
import { Failure } from '../failure.ts';
import { wholePrintable } from '#harness/untrusted-text';
import { defaultStateFolder } from '../resume-store.ts';
import { App, type Settings } from '../tui/app.ts';
import { colourDepth, makeTheme } from '../tui/theme.ts';

export interface TuiOptions {
  readonly config?: string;
  readonly state?: string;
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Runs until the user leaves. `source`: a magnet link or a path, offered for adding at once. Throws `Failure` where there is no terminal;
 *  ends the process otherwise. */
export async function tui(source: string | undefined, { config, state }: TuiOptions): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new Failure('the terminal UI needs a terminal; the other commands do without (--help shows them)');
  const configFile = config ?? defaultConfigFile();
  const core = new Core({ configFile, stateFolder: state ?? defaultStateFolder() });
  const known = readConfig(configFile);
  const app = new App(core, settingsOf(known.config), process.stdin, process.stdout);
  // A file that cannot be used changes nothing; the downloading process says what is wrong with it.
  const unwatch = watchConfig(configFile, known, ({ config: changed, broken }) => {
    if (!broken) app.configured(settingsOf(changed));
  });
  const leave = () => app.leave();
  for (const signal of SIGNALS) process.on(signal, leave);
  if (source !== undefined) app.offer(source);
  const { exitCode, lastWord } = await app.run();
  for (const signal of SIGNALS) process.off(signal, leave);
  unwatch();
  if (lastWord !== null) process.stderr.write(`starling: ${lastWord.split('\n').map(wholePrintable).join('\n')}\n`);
  // A downloading process that still runs leaves in good order once the channel ends.
  await endProcess(exitCode);
}

/** What of the configuration the screen depends on. */
function settingsOf(config: Config): Settings {
  const { units, prefixes, download_folder: saveFolder } = config;
  return {
    theme: makeTheme(config, colourDepth(process.env)),
    units: { bits: units === 'bits', binary: prefixes === 'binary' },
    saveFolder,
  };
}
