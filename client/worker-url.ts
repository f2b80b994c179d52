// Where the worker threads' entry files are: beside their callers as .ts when run from source, flat in `dist/` when bundled.

/** URL of a thread's entry. `folder` and `name`: where it stands below `client/`, without extension. */
export function workerUrl(folder: string, name: string): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL(`./${folder}/${name}.ts`, import.meta.url)
    : new URL(`./${name}.js`, import.meta.url);
}
