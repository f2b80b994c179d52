// Which program this is, to the byte: results of one sweep come from one program, on however many machines.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { threadUrl } from './run-pool.ts';

/** 12 hexadecimal digits over the bundle, of which all worker threads run. */
export function buildDigest(): string {
  const folder = new URL('.', threadUrl());
  const hash = createHash('sha256');
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  for (const name of names.sort()) hash.update(`${name}\n`).update(readFileSync(new URL(name, folder)));
  return hash.digest('hex').slice(0, 12);
}
