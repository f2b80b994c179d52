// Starts programs that others wrote and makes sure that none survives its test: every child leads a process group of its own, which
// is ended by its id (TERM, then KILL), at the latest when this process exits.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a child may take to leave after TERM before its group is killed. */
const STOP_TIMEOUT_MS = 8_000;
const RUN_TIMEOUT_MS = 60_000;
/** Without a UTF-8 locale qBittorrent replaces every letter of a file's name that is not ASCII. */
const ENVIRONMENT = { ...process.env, LC_ALL: 'C.UTF-8' };
/** Text kept of a child's output: the last part, for failure messages and `waitFor`. */
const OUTPUT_CHARACTERS_MAX = 1 << 20;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const alive = new Set<Child>();
process.on('exit', () => {
  for (const child of alive) child.signal('SIGKILL');
});

export class Child {
  readonly name: string;
  readonly cwd: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** null while it runs. */
  exit: Exit | null = null;
  #output = '';
  readonly #process: ChildProcess;
  readonly #listeners = new Set<() => void>();

  constructor(name: string, cwd: string, process: ChildProcess) {
    this.name = name;
    this.cwd = cwd;
    this.#process = process;
    this.pid = process.pid ?? 0;
    alive.add(this);
    process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#append(text));
    process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#append(text));
    this.exited = new Promise((resolve) => {
      process.on('close', (code, signal) => {
        alive.delete(this);
        this.exit = { code, signal };
        this.#notify();
        resolve(this.exit);
      });
    });
  }

  /** Everything it printed, stdout and stderr in order of arrival; the start is dropped when it is very long. */
  get output(): string {
    return this.#output;
  }

  /** Signals the whole process group. */
  signal(signal: NodeJS.Signals): void {
    if (this.exit !== null || this.pid === 0) return;
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  write(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** The first match in the output so far or to come. Rejects when the child ends or the time is over without one. */
  async waitFor(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      if (this.exit !== null) throw this.failure(`ended (${describeExit(this.exit)}) before it printed ${pattern}`);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw this.failure(`did not print ${pattern} within ${timeoutMs} ms`);
      await this.#changed(leftMs);
    }
  }

  /** Resolves when it ends with code 0. */
  async succeeded(timeoutMs: number): Promise<void> {
    const exit = await this.ended(timeoutMs);
    if (exit.code !== 0) throw this.failure(`ended with ${describeExit(exit)}`);
  }

  /** Resolves when it ends, however it ends; rejects when the time is over. */
  async ended(timeoutMs: number): Promise<Exit> {
    const timer = new AbortController();
    const late = sleep(timeoutMs, null, { signal: timer.signal }).catch(() => null);
    const exit = await Promise.race([this.exited, late]);
    timer.abort();
    if (exit === null) throw this.failure(`still runs after ${timeoutMs} ms`);
    return exit;
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.ended(STOP_TIMEOUT_MS).catch(() => this.signal('SIGKILL'));
    await this.exited;
  }

  failure(what: string): Error {
    return new Error(`${this.name} ${what}; it said:\n${this.#output.slice(-4_000)}`);
  }

  #append(text: string): void {
    this.#output = (this.#output + text).slice(-OUTPUT_CHARACTERS_MAX);
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #changed(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#listeners.add(done);
    });
  }
}

export interface StartOptions {
  /** The folder it works in. Whoever removes that folder stops it first, see `stopIn`. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `program` in a process group of its own. Its stdin is a pipe that ends with this process. */
export function start(name: string, program: string, args: readonly string[], options: StartOptions): Child {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...ENVIRONMENT, ...options.env },
    detached: true,
    stdio: 'pipe',
  });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  return new Child(name, options.cwd, child);
}

/** Stops everything that works in `dir` or below it, also what failed before anybody could hold it. */
export async function stopIn(dir: string): Promise<void> {
  const inside = [...alive].filter((child) => child.cwd === dir || child.cwd.startsWith(`${dir}/`));
  await Promise.all(inside.map((child) => child.stop()));
}

/** Runs a program that ends by itself; returns its stdout. Throws with all that it said when it fails. */
export function run(program: string, args: readonly string[]): string {
  const ended = spawnSync(program, args, {
    encoding: 'utf8',
    env: ENVIRONMENT,
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  if (ended.status === 0) return ended.stdout;
  const how = ended.status === null ? `signal ${ended.signal}` : `code ${ended.status}`;
  throw new Error(`${program} ${args.join(' ')} ended with ${how}: ${ended.stdout}${ended.stderr}`);
}

const found = new Set<string>();

/** Fails with the name of the Debian package when `program` cannot be run: a missing client is a failure, never a skip. */
export function requireProgram(program: string, debianPackage: string): void {
  if (found.has(program)) return;
  const probe = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]);
  if (probe.status !== 0) throw new Error(`${program} is missing: apt-get install ${debianPackage}`);
  found.add(program);
}

/** Asks again every 50 ms until `attempt` gives something else than null; `what` names it when the time is over. */
export async function poll<T>(what: string, timeoutMs: number, attempt: () => Promise<T | null>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await attempt();
    if (value !== null) return value;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(50);
  }
}

function describeExit(exit: Exit): string {
  return exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`;
}
