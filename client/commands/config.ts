// `starling config`: where the configuration is, what it comes to, and a commented file to begin with.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defaultConfigFile, readConfig } from '../config/config-file.ts';
import { commentedFile } from '../config/config.ts';
import { errorCode, Failure, reasonOf } from '../failure.ts';
import { jsonLine, printable } from '#harness/untrusted-text';

export interface ConfigOptions {
  /** Null: the platform's place. */
  readonly file?: string;
  readonly init?: true;
  readonly json?: true;
}

/** Prints the path and the effective values; what is wrong in the file goes to stderr and is a failure. */
export async function config({ file, init, json }: ConfigOptions): Promise<void> {
  const path = file ?? defaultConfigFile();
  if (init === true) await writeNew(path);
  const { config: values, problems } = readConfig(path);
  if (json === true) process.stdout.write(jsonLine({ path, config: values, problems }));
  else {
    const lines = Object.entries(values).map(([key, value]) => `${key} = ${printable(JSON.stringify(value))}`);
    process.stdout.write(`# ${printable(path)}\n${lines.join('\n')}\n`);
  }
  for (const problem of problems) process.stderr.write(`${printable(problem)}\n`);
  if (problems.length > 0) throw new Failure(`${path}: ${problems.length} wrong: see above`);
}

/** A file that is there is never replaced. */
async function writeNew(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, commentedFile(), { flag: 'wx' });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw new Failure(`${path}: is there already: it was not changed`);
    throw new Failure(`${path}: ${reasonOf(error)}`);
  }
}
