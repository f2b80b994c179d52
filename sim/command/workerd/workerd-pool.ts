// As many processes of workerd as runs are asked for at a time, kept warm between them.

import type { RunAnswer, RunTask } from '../sweep/run-task.ts';
import { WorkerdProcess } from './workerd-process.ts';

export class WorkerdPool {
  readonly #program: string;
  readonly #idle: WorkerdProcess[] = [];
  readonly #all = new Set<WorkerdProcess>();
  #destroyed = false;

  /** `program`: see `workerdIfAsked`. */
  constructor(program: string) {
    this.#program = program;
  }

  /** A process that gives no answer is not asked again. Throws why it gave none. */
  async run(task: RunTask, { signal }: { readonly signal: AbortSignal }): Promise<RunAnswer> {
    if (this.#destroyed) throw new Error('workerd: no more runs are made');
    const one = this.#idle.pop() ?? new WorkerdProcess(this.#program);
    this.#all.add(one);
    try {
      const answer = await one.run(task, signal);
      this.#idle.push(one);
      return answer;
    } catch (error) {
      this.#all.delete(one);
      await one.close();
      throw error;
    }
  }

  /** Ends all at once, also those that run; none is begun after it. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    await Promise.all([...this.#all].map((one) => one.close()));
  }
}
