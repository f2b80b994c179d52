// Where the worker threads' entry files are: always in the bundle. A thread that had to strip types would bring WebAssembly into every
// thread, and Node 24 dies now and then when such a thread is ended ("Check failed: jit_page.has_value()", 2 of 150 runs of a test file).

/** URL of a thread's entry in `dist/`, also when the caller runs from source. `name`: of the file, without extension. */
export function workerUrl(name: string): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL(`../dist/${name}.js`, import.meta.url)
    : new URL(`./${name}.js`, import.meta.url);
}
