// Where the files are that the build makes: threads, what workerd runs, the pages of reports (see client/worker-url.ts for the threads' reason).

/** URL of a file in `dist/`, also when the command runs from source. */
export function distUrl(file: string): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL(`../../dist/${file}`, import.meta.url)
    : new URL(`./${file}`, import.meta.url);
}
