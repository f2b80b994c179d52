// `starling` in a pseudo-terminal, and what its output did to it.

import { spawn } from 'node-pty';
import { onTestFinished } from 'vitest';

const KILLED_AFTER_MS = 60_000;
// What the program may tell a terminal: clear to the end of the line, clear below, go up some rows, colours.
// oxlint-disable-next-line no-control-regex
const OBEYED = /\u001b\[(?:K|J|\d+A|[\d;]*m)/g;
// oxlint-disable-next-line no-control-regex
const REDRAW = /\r\u001b\[K([^\r\n\u001b]*)/g;

export interface TerminalOptions {
  readonly columns: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts the built program on a terminal of `columns` × 24; killed for certain after a minute. */
export function startOnTerminal(args: readonly string[], { columns, environment = {} }: TerminalOptions) {
  const { NO_COLOR: _noColor, FORCE_COLOR: _forceColor, ...inherited } = process.env;
  const terminal = spawn(process.execPath, ['bin/starling.js', ...args], {
    name: environment['TERM'] ?? 'xterm-256color',
    cols: columns,
    rows: 24,
    env: { ...inherited, ...environment },
  });
  let output = '';
  let running = true;
  let looks: (() => void)[] = [];
  const look = () => {
    for (const again of looks.splice(0)) again();
  };
  terminal.onData((text) => {
    output += text;
    look();
  });
  const ended = new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
    terminal.onExit(({ exitCode }) => {
      running = false;
      resolve({ code: exitCode, output });
      look();
    });
  });
  const kill = () => {
    if (running) terminal.kill('SIGKILL');
  };
  const timer = setTimeout(kill, KILLED_AFTER_MS);
  onTestFinished(() => {
    clearTimeout(timer);
    looks = [];
    kill();
  });
  /** Waits until the output from `from` on matches; answers how long the output is then. */
  const shows = (pattern: RegExp, from = 0): Promise<number> =>
    new Promise((resolve, reject) => {
      const again = () => {
        if (pattern.test(output.slice(from))) resolve(output.length);
        else if (running) looks.push(again);
        else reject(new Error(`ended without ${pattern}: ${JSON.stringify(output)}`));
      };
      again();
    });
  return {
    ended,
    shows,
    type: (keys: string) => terminal.write(keys),
    resize: (width: number) => terminal.resize(width, 24),
  };
}

/** Every state of the line that is redrawn, in order; those that only cleared it are left out. */
export function redrawnLines(output: string): string[] {
  return [...output.matchAll(REDRAW)].map((match) => match[1] as string).filter((line) => line !== '');
}

/** The output without what the program may tell a terminal. */
export function withoutControls(output: string): string {
  return output.replace(OBEYED, '').replace(/[\r\n]/g, '');
}
