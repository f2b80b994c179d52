// Writes the package.json that goes into the tarball: what a user's npm reads, and nothing of development. `clean` runs before `npm pack`
// reads the files, `restore` after it. The original waits beside it meanwhile, so that a run that was killed is mended by `restore`.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const MANIFEST = 'package.json';
const KEPT = 'package.json.kept';
/** Everything else of package.json is development's: scripts, bundled and development packages, the imports of the sources, overrides. */
const PUBLISHED = [
  'name',
  'version',
  'description',
  'keywords',
  'license',
  'author',
  'homepage',
  'repository',
  'bugs',
  'private',
  'type',
  'engines',
  'bin',
  'files',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
];

function clean() {
  if (existsSync(KEPT)) restore();
  const text = readFileSync(MANIFEST, 'utf8');
  const manifest = JSON.parse(text);
  const published = Object.fromEntries(PUBLISHED.flatMap((key) => (key in manifest ? [[key, manifest[key]]] : [])));
  writeFileSync(KEPT, text);
  writeFileSync(MANIFEST, `${JSON.stringify(published, null, 2)}\n`);
}

function restore() {
  if (existsSync(KEPT)) renameSync(KEPT, MANIFEST);
}

const steps = { clean, restore };
const step = steps[process.argv[2]];
if (step === undefined) throw new Error('usage: node pack-manifest.js clean|restore');
step();
