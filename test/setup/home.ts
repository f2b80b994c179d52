// A home of its own for everything that the tests start: what is written there is named at the end, and fails the run.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function home(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'starling-home-'));
  for (const name of ['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME']) delete process.env[name];
  process.env['HOME'] = folder;
  return () => {
    const written = readdirSync(folder, { recursive: true });
    rmSync(folder, { recursive: true });
    if (written.length > 0) throw new Error(`a test wrote to the user's own folder: ${written.join(', ')}`);
  };
}
