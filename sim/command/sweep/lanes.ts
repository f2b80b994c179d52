// Work that waits for other threads, a few pieces at a time.

/** Does `work` on every item, at most `lanes` at a time and in order of their beginning, until all is done or the signal says to stop. Rejects
 *  with what the first that failed threw. */
export async function inLanes<T>(
  items: Iterable<T>,
  lanes: number,
  stop: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    while (!stop.aborted) {
      const next = queue.next();
      if (next.done) return;
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
