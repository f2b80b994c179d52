// One process of workerd, Cloudflare's runtime: V8 with pointers of 4 bytes, so that a large swarm takes less memory and time. It makes
// one run after the other, asked over loopback.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { distUrl } from '../dist-url.ts';
import type { RunAnswer, RunTask } from '../sweep/run-task.ts';

/** Kept of what it says about its troubles. */
const SAID_CHARS_MAX = 2_000;
/** The file descriptor on which it says at which port it listens. */
const CONTROL_FD = 3;

export class WorkerdProcess {
  readonly #child: ChildProcess;
  readonly #port: Promise<number>;
  #said = '';

  /** `program`: the path of workerd. */
  constructor(program: string) {
    this.#child = spawn(program, ['serve', `--control-fd=${CONTROL_FD}`, fileURLToPath(distUrl('workerd.capnp'))], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    (this.#child.stderr as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      this.#said = (this.#said + chunk).slice(-SAID_CHARS_MAX);
    });
    process.once('exit', this.#kill);
    this.#port = this.#listening();
    // It is said again by whoever asks for a run.
    this.#port.catch(() => {});
  }

  /** Throws what went wrong: the task itself threw, the process ended, or the signal said to stop. */
  async run(task: RunTask, signal: AbortSignal): Promise<RunAnswer> {
    const port = await this.#port;
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, method: 'POST', agent: false, signal }, (response) => {
        text(response)
          .then((body) => {
            const answer = JSON.parse(body) as RunAnswer | { readonly error: string };
            if ('error' in answer) throw new Error(answer.error);
            resolve(answer);
          })
          .catch(reject);
      });
      asked.on('error', (error) => reject(signal.aborted ? error : this.#ended(error.message)));
      asked.end(JSON.stringify(task));
    });
  }

  /** Ends it at once, also in the middle of a run; resolves when it is gone. */
  async close(): Promise<void> {
    process.off('exit', this.#kill);
    const gone = this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
    this.#kill();
    if (!gone) await once(this.#child, 'exit');
  }

  readonly #kill = (): void => void this.#child.kill('SIGKILL');

  async #listening(): Promise<number> {
    const lines = createInterface({ input: this.#child.stdio[CONTROL_FD] as Readable });
    const failed = once(this.#child, 'exit').then(
      ([code, signal]) => Promise.reject(this.#ended(`ended with ${signal ?? `code ${code}`}`)),
      (error: Error) => Promise.reject(this.#ended(error.message)),
    );
    const listening = once(lines, 'line').then(([line]) => (JSON.parse(line as string) as { port: number }).port);
    return Promise.race([listening, failed]);
  }

  #ended(reason: string): Error {
    return new Error(`workerd: ${[reason, this.#said.trim()].filter(Boolean).join('; ')}`);
  }
}
