// What the terminal UI costs: from a key to its drawing through a real pseudo-terminal, and the processor share of a UI that nobody touches.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Screen } from '../../pty/screen.ts';
import { formatTable } from '../table.ts';
import type { Script } from './scripted-core.ts';

const KEYS = 200;
const IDLE_MS = 10_000;
/** Of `/proc`: the kernel's unit of processor time. */
const TICKS_PER_SECOND = 100;

interface Situation {
  readonly what: string;
  readonly script: Script;
  /** Typed before anything is measured. */
  readonly before: string;
}

const FULL = { torrents: 1000, peers: 500 };
const SITUATIONS: readonly Situation[] = [
  { what: 'list of 1,000, nothing moves', script: { ...FULL, moving: 0 }, before: '' },
  { what: 'list of 1,000, 100 move', script: { ...FULL, moving: 100 }, before: '' },
  { what: 'list of 1,000 by rate, all move', script: { ...FULL, moving: 1000 }, before: 'sssss' },
  { what: '500 peers, nothing moves', script: { ...FULL, moving: 0 }, before: '3' },
  { what: '500 peers by rate, all move', script: { ...FULL, moving: 100 }, before: '3sssss' },
];

/** One line a situation: key to drawing in ms, bytes a key, share of a core while no key is pressed. */
export async function benchTui(): Promise<string> {
  const lines: string[][] = [];
  for (const situation of SITUATIONS) lines.push(await measure(situation));
  const head = ['140 × 50', 'keys', 'median ms', 'worst ms', 'bytes a key', 'idle % of a core', 'memory MB'];
  return formatTable(head, lines);
}

async function measure({ what, script, before }: Situation): Promise<string[]> {
  const screen = new Screen([resolve('test/bench/tui/tui-process.ts'), JSON.stringify(script)], {
    columns: 140,
    rows: 50,
  });
  try {
    await screen.shows(/1000 torrents/);
    screen.type(before);
    await screen.shows((now) => selectedRow(now) !== null);
    await sleep(1_000);
    const times: number[] = [];
    const written = screen.output.length;
    for (let at = 0; at < KEYS; at += 1) {
      const selected = selectedRow(screen);
      const key = at < KEYS / 2 ? 'j' : 'k';
      const began = performance.now();
      screen.type(key);
      await screen.shows((now) => selectedRow(now) !== selected);
      times.push(performance.now() - began);
    }
    const bytes = (screen.output.length - written) / KEYS;
    times.sort((a, b) => a - b);
    const cpu = processorTicks(screen.pid);
    await sleep(IDLE_MS);
    const share = (processorTicks(screen.pid) - cpu) / TICKS_PER_SECOND / (IDLE_MS / 1000);
    const memory = memoryBytes(screen.pid) / 1e6;
    const [median, worst] = [times[times.length >> 1] as number, times.at(-1) as number];
    return [
      what,
      String(KEYS),
      median.toFixed(1),
      worst.toFixed(1),
      bytes.toFixed(0),
      (share * 100).toFixed(1),
      memory.toFixed(0),
    ];
  } finally {
    screen.kill();
    await screen.ended;
  }
}

/** What tells the selected row: its line's number and first cells. */
function selectedRow(screen: Screen): string | null {
  const y = screen.lines().findIndex((_line, at) => screen.cells(at)[0]?.inverse === true);
  return y < 0 ? null : `${y} ${screen.lines()[y]?.slice(0, 24)}`;
}

function processorTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function memoryBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}
