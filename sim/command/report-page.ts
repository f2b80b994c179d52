// `--report`: writes the page of one run to a file, those of several into a folder with an index that names the failed ones first.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IndexRow, type PageAssets, renderIndex, renderRun } from '#reports';
import type { RunRecord } from '#sim';
import { UsageError } from './arguments.ts';
import { distUrl } from './dist-url.ts';
import { revision } from './revision.ts';

const INDEX = 'index.html';

/** Where reports go: to one file, or into a folder. */
export class ReportWriter {
  readonly #path: string;
  readonly #folder: boolean;
  readonly #assets: PageAssets;
  readonly #rows: IndexRow[] = [];
  readonly #commit = revision();

  /** `several`: `path` is a folder, made where it is not there. Throws `UsageError` where it cannot be written. */
  constructor(path: string, several: boolean) {
    this.#path = path;
    this.#folder = several;
    this.#assets = pageAssets();
    if (several) trying(path, () => mkdirSync(path, { recursive: true }));
  }

  /** What a page says of its run besides what happened. */
  about(replayCommand: string): Pick<RunRecord, 'replayCommand' | 'commit'> {
    return { replayCommand, commit: this.#commit };
  }

  add(record: RunRecord, wallS: number): void {
    const { scenario, seed, ok, reason, claim, digest, virtualS } = record.result;
    const href = `${scenario}-${seed}.html`;
    const path = this.#folder ? join(this.#path, href) : this.#path;
    trying(path, () => writeFileSync(path, renderRun(record, this.#assets)));
    const { replayCommand } = record;
    this.#rows.push({ scenario, seed, ok, reason, claim, digest, virtualS, wallS, replayCommand, href });
  }

  /** A run that has no page of its own. */
  mention(row: Omit<IndexRow, 'href'>): void {
    this.#rows.push({ ...row, href: null });
  }

  /** After the last run. Returns the file to open. */
  finish(): string {
    if (!this.#folder) return this.#path;
    const path = join(this.#path, INDEX);
    const data = { title: `${this.#rows.length} runs`, commit: this.#commit, rows: this.#rows };
    trying(path, () => writeFileSync(path, renderIndex(data, this.#assets)));
    return path;
  }
}

function trying(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new UsageError(`cannot write the report ${path}: ${(error as Error).message}`);
  }
}

/** What the build made of the pages. */
function pageAssets(): PageAssets {
  return JSON.parse(readFileSync(distUrl('report-pages.json'), 'utf8')) as PageAssets;
}
