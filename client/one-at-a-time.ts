// Tasks that must not overlap, one after the other in the order in which they were given. One that fails keeps no other from its turn.

/** One row of tasks. */
export class OneAtATime {
  /** Never rejects. */
  #tail: Promise<unknown> = Promise.resolve();

  /** Settles as `task` does, which begins when all that were given before have settled. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(task);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

/** Of tasks that do the same, one is under way at a time: who asks meanwhile is not waited for, and nothing is run for it. */
export class OneOnly {
  #running = false;

  /** Settles as `task` does, or at once where one is under way. */
  async run(task: () => Promise<void>): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    await task().finally(() => {
      this.#running = false;
    });
  }
}

/** A row of tasks for each key; rows do not wait for each other. Bounded by the keys whose tasks have not settled. */
export class OneAtATimeEach {
  readonly #rows = new Map<string, { readonly row: OneAtATime; waiting: number }>();

  /** See `OneAtATime.run`. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const entry = this.#rows.get(key) ?? { row: new OneAtATime(), waiting: 0 };
    this.#rows.set(key, entry);
    entry.waiting += 1;
    return entry.row.run(task).finally(() => {
      entry.waiting -= 1;
      if (entry.waiting === 0) this.#rows.delete(key);
    });
  }
}

/** A row for each key of tasks that do the same for whoever wants it: all who ask before one begins share it. */
export class SharedEach {
  readonly #rows = new OneAtATimeEach();
  /** Not begun. */
  readonly #next = new Map<string, Promise<void>>();

  /** Settles as a run of `task` does that begins after the call. */
  run(key: string, task: () => Promise<void>): Promise<void> {
    const next = this.#next.get(key);
    if (next !== undefined) return next;
    const run = this.#rows.run(key, () => {
      this.#next.delete(key);
      return task();
    });
    this.#next.set(key, run);
    return run;
  }
}
