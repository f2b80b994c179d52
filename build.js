// Bundles the program to plain JavaScript for every Node from 20.19 on. Packages stay outside: npm installs them.
import { readFileSync } from 'node:fs';
import { build } from 'rolldown';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const packages = Object.keys(dependencies);

await build({
  input: {
    main: 'client/main.ts',
    'tracker-thread': 'client/trackers/tracker-thread.ts',
    'check-thread': 'client/disk/check-thread.ts',
    'hash-thread': 'client/hash/hash-thread.ts',
    'run-thread': 'sim/command/sweep/run-thread.ts',
  },
  platform: 'node',
  external: (id) => packages.some((name) => id === name || id.startsWith(`${name}/`)),
  // An external package whose exports went unused is not loaded at all.
  treeshake: { moduleSideEffects: 'no-external' },
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    sourcemap: true,
  },
});
