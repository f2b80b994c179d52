// Waiting for what may never come.

/** What `promise` comes to; rejects with `reason` where that takes longer than `timeoutMs`. What it was waited for goes on. */
export function within<T>(timeoutMs: number, promise: Promise<T>, reason = 'timed out'): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(reason)), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
