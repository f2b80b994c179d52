// Packs the program as it would be published and installs the tarball alone, for one Node after the other, as a user would.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { type Child, start } from '../interop/support/processes.ts';
import { Screen } from '../pty/screen.ts';

const NPM_TIMEOUT_MS = 120_000;
/** What a user's shell has: nothing of the checkout, and nothing that `npm run` or the test runner set. */
const PATHS = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
const LEFT_OUT =
  /^(npm_(lifecycle|package|execpath|node|command)|npm_config_(local_prefix|user_agent)|NODE_(ENV|OPTIONS|PATH)$|VITEST|INIT_CWD|CI$)/i;
const ENVIRONMENT = Object.entries(process.env).filter(([name]) => name !== 'PATH' && !LEFT_OUT.test(name));

/** Another engine of JavaScript, of another maker: Bun runs JavaScriptCore, Node runs V8. The build asks nothing modern of the processor. */
export const OTHER_ENGINE = process.arch === 'arm64' ? '@oven/bun-linux-aarch64' : '@oven/bun-linux-x64-baseline';
export const OTHER_ENGINE_VERSION = '1.4.5';

/** A Node to install for: its version and the folder that holds `node`. */
export interface Runtime {
  readonly version: string;
  readonly folder: string;
}

/** The machine's own Node, and the one that this checkout develops with. Where both are of one version there is one. */
export function runtimes(): Runtime[] {
  const folders = [PATHS.find((path) => existsSync(join(path, 'node'))), resolve('node_modules/.bin')];
  const found = folders.flatMap((folder): Runtime[] => {
    if (folder === undefined || !existsSync(join(folder, 'node'))) return [];
    const node = realpathSync(join(folder, 'node'));
    return [{ version: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(), folder: dirname(node) }];
  });
  return found.filter(({ version }, at) => found.findIndex((other) => other.version === version) === at);
}

export interface Tarball {
  readonly path: string;
  /** As npm lists them. */
  readonly files: readonly string[];
}

/** `npm pack` of this checkout into `folder`, which builds it. */
export async function pack(folder: string): Promise<Tarball> {
  const npm = start('npm pack', 'npm', ['pack', '--pack-destination', folder], { cwd: resolve('.') });
  await npm.succeeded(NPM_TIMEOUT_MS);
  const name = readdirSync(folder).find((entry) => entry.endsWith('.tgz'));
  if (name === undefined) throw npm.failure('left no tarball');
  const path = join(folder, name);
  const files = execFileSync('tar', ['--list', '--gzip', '--file', path], { encoding: 'utf8' });
  return { path, files: files.trim().split('\n') };
}

/** One text file of the tarball, `path` as it is listed. */
export function readPacked({ path }: Tarball, file: string): string {
  return execFileSync('tar', ['--extract', '--gzip', '--to-stdout', '--file', path, file], { encoding: 'utf8' });
}

export class Installed {
  readonly folder: string;
  readonly #runtime: Runtime;

  private constructor(folder: string, runtime: Runtime) {
    this.folder = folder;
    this.#runtime = runtime;
  }

  /** Installs the tarball, and nothing else but `beside`, into the new folder `folder`. Returns what npm said too. */
  static async install({ path }: Tarball, runtime: Runtime, folder: string, beside: readonly string[] = []) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{}\n');
    const installed = new Installed(folder, runtime);
    const npm = realpathSync(join(PATHS.find((candidate) => existsSync(join(candidate, 'npm'))) as string, 'npm'));
    const child = installed.#start('npm install', [
      'node',
      npm,
      'install',
      '--no-audit',
      '--no-fund',
      '--prefix',
      folder,
      path,
      ...beside,
    ]);
    await child.succeeded(NPM_TIMEOUT_MS);
    return { installed, said: child.output };
  }

  /** `starling` in a folder where nothing of the checkout is. */
  starling(...args: readonly string[]): Child {
    return this.#start(`starling ${args[0]}`, [this.#program, ...args]);
  }

  /** The same under the other engine of JavaScript, which must be installed beside. */
  starlingElsewhere(...args: readonly string[]): Child {
    const bun = join(this.folder, 'node_modules', OTHER_ENGINE, 'bin', 'bun');
    return this.#start(`starling ${args[0]} under ${OTHER_ENGINE}`, [bun, this.#program, ...args]);
  }

  get #program(): string {
    return join(this.folder, 'node_modules', '.bin', 'starling');
  }

  /** `starling` on a terminal, for a user whose home is the folder. */
  terminal(...args: readonly string[]): Screen {
    const config = join(this.folder, 'config', 'starling');
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, 'config.toml'), 'bind = "127.0.0.1"\nlisten_ports = "0"\n');
    const environment = {
      HOME: this.folder,
      XDG_CONFIG_HOME: join(this.folder, 'config'),
      XDG_STATE_HOME: join(this.folder, 'ui-state'),
      NODE_ENV: '',
      NODE_OPTIONS: '',
    };
    return new Screen([this.#program, ...args], {
      folder: this.folder,
      node: join(this.#runtime.folder, 'node'),
      environment,
    });
  }

  /** Runs `starling` to its end, which must be a success; returns what it printed. */
  async run(...args: readonly string[]): Promise<string> {
    const child = this.starling(...args);
    await child.succeeded(60_000);
    return child.output;
  }

  /** Packages below node_modules, and what they hold together. */
  size(): { readonly packages: number; readonly mib: number } {
    const modules = join(this.folder, 'node_modules');
    const entries = readdirSync(modules, { recursive: true, encoding: 'utf8' });
    const packages = entries.filter((entry) =>
      /(^|\/node_modules\/)(@[^/]+\/)?[^/@.]+\/package\.json$/.test(entry),
    ).length;
    const bytes = entries.reduce((sum, entry) => sum + statSync(join(modules, entry)).size, 0);
    return { packages, mib: bytes / 1024 / 1024 };
  }

  #start(name: string, command: readonly string[]): Child {
    const path = [this.#runtime.folder, ...PATHS].join(delimiter);
    const environment = ENVIRONMENT.map(([variable, value]) => `${variable}=${value}`);
    const args = ['-i', ...environment, `PATH=${path}`, `XDG_STATE_HOME=${join(this.folder, 'state')}`, ...command];
    return start(`${name} (Node ${this.#runtime.version})`, 'env', args, { cwd: this.folder });
  }
}
