// The configuration file: where it is, reading it, and noticing that it has changed, also where an editor replaces it by another file.

import { mkdirSync, readFileSync, realpathSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import envPaths from 'env-paths';
import { errorCode, reasonOf } from '../failure.ts';
import { parseConfig, problemText, type Config } from './config.ts';

/** An editor writes in several steps; what is read in between would be half a file. */
const SETTLE_MS = 150;

export interface ReadConfig {
  readonly config: Config;
  /** One line each for the user: file, line, key, what is wrong. */
  readonly problems: readonly string[];
  /** Nothing of it could be used: whoever has a configuration keeps it. */
  readonly broken: boolean;
}

/** In the platform's folder: `$XDG_CONFIG_HOME/starling/config.toml` on Linux. */
export function defaultConfigFile(): string {
  return join(envPaths('starling', { suffix: '' }).config, 'config.toml');
}

/** Never throws: a file that is not there means the defaults, one that cannot be read is a problem. */
export function readConfig(path: string): ReadConfig {
  let text = '';
  const unreadable: string[] = [];
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') unreadable.push(`${path}: ${reasonOf(error)}: nothing of the file counts`);
  }
  const { config, problems, broken } = parseConfig(text);
  return {
    config,
    broken: broken || unreadable.length > 0,
    problems: [...unreadable, ...problems.map((problem) => problemText(path, problem))],
  };
}

/** Calls `changed` whenever the file says something else than before, at first than `known`; never from within the call. Returns how to end
 *  it. The folder is watched, since an editor may put a new file in the place of the old; it is made where it is missing. Where the file is a
 *  link, so is the folder that it leads to. */
export function watchConfig(path: string, known: ReadConfig, changed: (read: ReadConfig) => void): () => void {
  let last = JSON.stringify(known);
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    const read = readConfig(path);
    const text = JSON.stringify(read);
    if (text === last) return;
    last = text;
    changed(read);
  };
  const watchers: FSWatcher[] = [];
  try {
    mkdirSync(dirname(path), { recursive: true });
    for (const place of new Set([path, realPath(path)])) {
      const watcher = watch(dirname(place), { persistent: false }, (_event, name) => {
        if (name !== null && name !== basename(place)) return;
        clearTimeout(timer);
        timer = setTimeout(look, SETTLE_MS);
      });
      watchers.push(watcher.on('error', () => undefined));
    }
  } catch {
    // A folder that cannot be watched: the file is read at the next start.
  }
  // It may have changed since `known` was read.
  timer = setTimeout(look, SETTLE_MS);
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

/** Where links lead; `path` itself where nothing is there yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
