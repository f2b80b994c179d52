// Builds the program once before the tests: they start it as a user would, and its worker threads run from the bundle.

import { execFileSync } from 'node:child_process';

export default function build(): void {
  execFileSync(process.execPath, ['build.js'], { stdio: 'inherit' });
}
