// A sweep over any number of machines, by queues of BullMQ on one Redis server. The coordinator announces its sweep, puts its jobs into a queue
// of its own, and takes results out once they are on its disk; workers take jobs from announced sweeps of their own build.
//
// A job's id is its sweep, scenario and seed, so a coordinator that starts again finds what was done meanwhile and nothing is queued twice.
// The job of a worker that was lost goes to another when its lock has run out, a few times at most. At most `QUEUED_MAX` jobs of a sweep are
// in the queue at a time.

import { type ConnectionOptions, Queue, Worker } from 'bullmq';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../arguments.ts';
import type { SimOutput } from '../output.ts';
import { lostOutcome, type Outcome } from './outcome.ts';
import type { Job } from './plan.ts';
import { Runner, type RunnerOptions } from './runner.ts';

/** What workers must know of a sweep. */
interface Announcement {
  readonly id: string;
  readonly build: string;
  readonly guard: boolean;
}

interface Announced extends Announcement {
  /** Changes as long as the coordinator lives. */
  readonly beat: number;
}

export interface FleetSweep {
  readonly announcement: Announcement;
  readonly jobs: Iterable<Job>;
  readonly deliver: (outcome: Outcome) => void;
  /** Resolves when everything delivered is on the disk. */
  readonly flush: () => Promise<void>;
}

const ANNOUNCEMENTS = 'starling-sweeps';
const QUEUED_MAX = 2_000;
const LOOK_MS = 200;
const ANNOUNCEMENTS_LOOK_MS = 1_000;
/** A worker that has not been heard of for so long has lost its jobs; it says every half of it that it has not. */
const LOCK_MS = 10_000;
const LOST_MAX = 2;
const BEAT_MS = 5_000;
/** A sweep whose coordinator has said nothing new for so long is left alone until it comes back. */
const SILENT_MS = 30_000;
const FIRST_CONNECTS_MAX = 3;
const RECONNECT_MS = 500;

/** What a machine gives to a sweep. */
export type FleetRuns = Omit<RunnerOptions, 'guard'>;

/** Coordinates a sweep and takes part in it, until every job has its outcome or the signal says to stop: then what is queued waits for the sweep
 *  to go on. Throws `UsageError` where the server cannot be used. */
export async function sweepTogether(
  url: string,
  sweep: FleetSweep,
  runs: FleetRuns,
  output: SimOutput,
  stop: AbortSignal,
): Promise<void> {
  const { id, build } = sweep.announcement;
  const done = new AbortController();
  const both = await Promise.allSettled([
    coordinate(url, sweep, stop).finally(() => done.abort()),
    serve(url, { ...runs, build, only: id }, output, AbortSignal.any([stop, done.signal])),
  ]);
  for (const each of both) if (each.status === 'rejected') throw each.reason;
}

async function coordinate(url: string, sweep: FleetSweep, stop: AbortSignal): Promise<void> {
  const { announcement, deliver, flush } = sweep;
  const announcements = await opened(ANNOUNCEMENTS, url);
  const queue = await opened(queueName(announcement), url);
  const waiting = new Map<string, Job>();
  const todo = sweep.jobs[Symbol.iterator]();
  let exhausted = false;
  try {
    const alive = (): Announced => ({ ...announcement, beat: Date.now() });
    const announced = await announcements.add('sweep', alive(), { jobId: announcement.id });
    let beatAt = -Infinity;
    while (!stop.aborted) {
      if (performance.now() - beatAt > BEAT_MS) {
        beatAt = performance.now();
        await announced.updateData(alive());
      }
      const more: Job[] = [];
      while (!exhausted && waiting.size + more.length < QUEUED_MAX) {
        const next = todo.next();
        if (next.done) exhausted = true;
        else more.push(next.value);
      }
      for (const job of more) waiting.set(idOf(job), job);
      await queue.addBulk(more.map((job) => ({ name: job.scenario, data: job, opts: { jobId: idOf(job) } })));
      const finished = await queue.getJobs(['completed', 'failed'], 0, QUEUED_MAX - 1);
      for (const { id, data, returnvalue, failedReason } of finished) {
        waiting.delete(id as string);
        deliver(
          (returnvalue as Outcome | null) ??
            lostOutcome(data, `no answer from any worker: ${failedReason}`, LOST_MAX + 1),
        );
      }
      await flush();
      await Promise.all(finished.map((job) => job.remove()));
      if (exhausted && waiting.size === 0) break;
      await sleep(LOOK_MS, null, { signal: stop }).catch(() => null);
    }
    await announcements.remove(announcement.id);
    // What is left in the queue of a sweep that was stopped waits for it to go on.
    if (!stop.aborted) await queue.obliterate({ force: true });
  } finally {
    await Promise.all([announcements.close(), queue.close()]);
  }
}

/** Serves announced sweeps of this build, one after the other, until the signal says to stop; then ends the runs under way. `only`: this
 *  sweep alone. Throws `UsageError` where the server cannot be used. */
export async function serve(
  url: string,
  worker: FleetRuns & { readonly build: string; readonly only?: string },
  output: SimOutput,
  stop: AbortSignal,
): Promise<void> {
  const announcements = await opened(ANNOUNCEMENTS, url);
  const refused = new Set<string>();
  const heard = new Map<string, { beat: number; at: number }>();
  const announced = async (): Promise<Announcement[]> => {
    const all: Announced[] = (await announcements.getJobs(['waiting'], 0, -1, true)).map(({ data }) => data);
    const now = performance.now();
    for (const { id, beat } of all) if (heard.get(id)?.beat !== beat) heard.set(id, { beat, at: now });
    return all.filter(({ id }) => now - (heard.get(id)?.at ?? now) < SILENT_MS);
  };
  try {
    while (!stop.aborted) {
      const sweeps = (await announced()).filter(({ id }) => worker.only === undefined || id === worker.only);
      for (const { id, build } of sweeps) {
        if (build === worker.build || refused.has(id)) continue;
        refused.add(id);
        output.err(`refused: sweep ${id} is of build ${build}, this is build ${worker.build}: install the same`);
      }
      const sweep = sweeps.find(({ build }) => build === worker.build);
      if (sweep !== undefined) {
        const goesOn = async () => (await announced()).some(({ id }) => id === sweep.id);
        await serveSweep(url, sweep, worker, goesOn, output, stop);
      } else await sleep(ANNOUNCEMENTS_LOOK_MS, null, { signal: stop }).catch(() => null);
    }
  } finally {
    await announcements.close();
  }
}

async function serveSweep(
  url: string,
  sweep: Announcement,
  options: FleetRuns & { readonly only?: string },
  goesOn: () => Promise<boolean>,
  output: SimOutput,
  stop: AbortSignal,
): Promise<void> {
  const runner = new Runner({ ...options, guard: sweep.guard });
  let made = 0;
  const worker = new Worker<Job, Outcome>(
    queueName(sweep),
    async (job) => {
      const outcome = await runner.run(job.data);
      made += 1;
      return { ...outcome, attempts: outcome.attempts + Math.max(0, job.attemptsStarted - 1) };
    },
    {
      connection: connectionTo(url),
      concurrency: options.threads,
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS / 2,
      maxStalledCount: LOST_MAX,
    },
  );
  const said = new Set<string>();
  worker.on('error', ({ message }) => {
    if (!said.has(message)) output.err(`sweep ${sweep.id}: ${message}`);
    said.add(message);
  });
  const alone = options.only !== undefined;
  if (!alone) output.out(`joined sweep ${sweep.id} with ${options.threads} threads`);
  while (!stop.aborted && (await goesOn()))
    await sleep(ANNOUNCEMENTS_LOOK_MS, null, { signal: stop }).catch(() => null);
  await worker.close();
  await runner.close();
  if (!alone) output.out(`left sweep ${sweep.id} after ${made} runs`);
}

function queueName({ id }: Announcement): string {
  return `starling-sweep-${id}`;
}

/** BullMQ keeps colons for itself. */
function idOf({ scenario, seed }: Job): string {
  return `${scenario}-${seed}`;
}

/** A queue on a server that answers. Throws `UsageError` where none does. */
async function opened(name: string, url: string): Promise<Queue> {
  let joined = false;
  const queue = new Queue(name, {
    connection: {
      ...connectionTo(url),
      retryStrategy: (times: number) => (joined || times < FIRST_CONNECTS_MAX ? RECONNECT_MS : null),
    },
  });
  let last = 'no answer';
  queue.on('error', (error) => {
    last = error.message;
  });
  try {
    await queue.waitUntilReady();
    joined = true;
    return queue;
  } catch (error) {
    await queue.close().catch(() => null);
    throw new UsageError(`redis at ${new URL(url).host}: ${last === 'no answer' ? (error as Error).message : last}`);
  }
}

function connectionTo(url: string): ConnectionOptions {
  return { url };
}
