// The entry of a worker thread, or of a process of its own that is asked by messages: runs what it is asked for, one run after the other.

import { scenarios } from '#scenarios';
import { collecting } from './collecting.ts';
import { type RunAnswer, type RunTask, runTask } from './run-task.ts';

export default function run(task: RunTask): RunAnswer {
  const asked = scenarios.filter(({ name }) => name === task.scenario);
  return runTask(task.collecting ? asked.map(collecting) : asked, task);
}

// A process that another one started; a thread has no such channel.
if (process.send !== undefined) process.on('message', (task: RunTask) => process.send?.(run(task)));
