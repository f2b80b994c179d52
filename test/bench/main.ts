// `npm run bench`: what the engine costs, beside aria2 in the same run. Prints tables of medians; nothing here passes or fails by a timing.

import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { requireProgram } from '../interop/support/processes.ts';
import { benchChecks } from './check.ts';
import { aria2, type Program, starling, starlingUnrecorded } from './programs.ts';
import { benchSimulator, benchTwoPeers } from './simulator.ts';
import { formatRows } from './table.ts';
import { benchTui } from './tui/bench.ts';
import { benchUiDownload } from './tui/download.ts';
import { benchTransfers } from './transfer.ts';

const USAGE = `npm run bench -- [transfer|check|sim|tui]... [--runs N] [--transfer-mib N] [--check-mib N] [--peers-max N] [--only PROGRAM]`;
const PARTS = ['transfer', 'check', 'sim', 'tui'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    'transfer-mib': { type: 'string', default: '1024' },
    'check-mib': { type: 'string', default: '4096' },
    /** 10000 for the largest swarm, which takes minutes. */
    'peers-max': { type: 'string', default: '1000' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const parts = positionals.length > 0 ? positionals : PARTS;
if (values.help || !parts.every((part) => PARTS.includes(part))) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}
const runs = Number(values.runs);
const chosen = (program: Program) => (values.only ?? program.name) === program.name;
const programs = [starling, aria2].filter(chosen);
const transferring = [starling, starlingUnrecorded, aria2].filter(chosen);

console.log(`Node ${process.versions.node}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}\n`);
if (parts.includes('transfer') || parts.includes('check')) requireProgram('aria2c', 'aria2');
if (parts.includes('transfer')) {
  console.log(`Transfer over loopback on memory-backed disk, medians of ${runs} interleaved runs. MB/s, from the first byte of payload on:
a download until the connection with the seed ends (everything is verified), a seed until the last byte. With start-up: a download's
whole process, a seed from the sink's connection on. Processor seconds: a download's whole process, a seed's after its check.\n`);
  console.log(formatRows(await benchTransfers(transferring, Number(values['transfer-mib']), runs)), '\n');
}
if (parts.includes('check')) {
  console.log(`Re-check on memory-backed disk, medians of ${runs} interleaved runs. MB/s: without the time of the same command on one byte.
With start-up: the whole process.\n`);
  console.log(formatRows(await benchChecks(programs, Number(values['check-mib']), runs)), '\n');
}
if (parts.includes('sim')) {
  console.log(`Simulated swarms of real engines, flash-crowd with 256 KiB pieces and 200/800 kB/s, one process on one core,
under Node and in workerd, medians of ${runs} interleaved runs. Wall time without the start of the process.\n`);
  console.log(benchTwoPeers(), '\n');
  console.log(await benchSimulator(runs, Number(values['peers-max'])));
}
if (parts.includes('tui')) {
  console.log(`The terminal UI over a scripted core that pushes four times a second: from a key's byte to the changed selection, read back from a
terminal emulator that takes part in the time. Idle: no key is pressed.\n`);
  console.log(await benchTui(), '\n');
  console.log(
    `A download over loopback on memory-backed disk, medians of ${runs} interleaved runs, MB/s from the first byte of payload.\n`,
  );
  console.log(await benchUiDownload(Number(values['transfer-mib']), runs));
}
