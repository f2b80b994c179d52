// Bundles the program to plain JavaScript for every Node from 20.19 on. The `dependencies` stay outside: npm installs them, as it does the
// optional peers where the user wants them. What else is imported is a development dependency and goes into the bundle, with its licence in
// dist/THIRD-PARTY-LICENSES.txt: a package that does not install everywhere burdens no user.
import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { build } from 'rolldown';

const { dependencies, devDependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
/** The last three are asked for by bundled packages, which do without. */
const OUTSIDE = [
  ...Object.keys({ ...dependencies, ...peerDependencies }),
  'bufferutil',
  'utf-8-validate',
  'supports-color',
];

/** Names the source of the engine and of what its decisions depend on: the random streams, and the packages below both. */
function engineBuild() {
  const hash = createHash('sha256');
  const engine = readdirSync('engine', { recursive: true }).map((file) => `engine/${file.replaceAll('\\', '/')}`);
  for (const file of [...engine.filter((name) => name.endsWith('.ts')), 'harness/random.ts'].sort())
    hash.update(`${file}\0${readFileSync(file, 'utf8')}\0`);
  for (const name of ['bencode', 'seedrandom']) hash.update(`${name} ${devDependencies[name]}\0`);
  return hash.digest('hex').slice(0, 16);
}

/** The licences of every package that has code in the bundle, each once. A package without one ends the build. */
function licencesOf(output) {
  const modules = output.flatMap((chunk) => Object.entries(chunk.modules ?? {}));
  const folders = new Set();
  for (const [id, { renderedLength }] of modules) {
    const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id.replaceAll(sep, '/'))?.[0];
    if (folder !== undefined && renderedLength > 0) folders.add(folder);
  }
  const texts = [...folders]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined && license === undefined) throw new Error(`${name}: names no licence`);
      const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
      return `${name} ${version}: ${license}\n${text}`;
    });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

const define = { STARLING_ENGINE_BUILD: JSON.stringify(engineBuild()) };
const bundle = await build({
  input: {
    main: 'client/main.ts',
    'tracker-thread': 'client/trackers/tracker-thread.ts',
    'check-thread': 'client/disk/check-thread.ts',
    'hash-thread': 'client/hash/hash-thread.ts',
    'core-process': 'client/control/core-process.ts',
    'run-thread': 'sim/command/sweep/run-thread.ts',
  },
  platform: 'node',
  transform: { define },
  external: (id) => OUTSIDE.some((name) => id === name || id.startsWith(`${name}/`)),
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
// What workerd runs: one file, which asks nothing of Node, and what serves it.
const inWorkerd = await build({
  input: 'sim/command/workerd/run-in-workerd.ts',
  platform: 'browser',
  transform: { define },
  output: { file: 'dist/run-in-workerd.js', format: 'esm', sourcemap: true },
});
copyFileSync('sim/command/workerd/workerd.capnp', 'dist/workerd.capnp');
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licencesOf([...bundle.output, ...inWorkerd.output]));

// The pages of reports: each script in one piece with its style, and the hashes that the pages' content security policy names. What a page
// carries of a package, it carries with that package's licence.
const uplot = 'node_modules/uplot';
const licence = `/*\n${readFileSync(`${uplot}/LICENSE`, 'utf8')}*/\n`;
const style = readFileSync('reports/page/page.css', 'utf8');
const hash = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
const asset = async (name, before, styleBefore) => {
  const { output } = await build({
    input: `reports/page/${name}.ts`,
    platform: 'browser',
    write: false,
    output: { format: 'iife', minify: true },
  });
  const script = before + output[0].code.replaceAll('</script', '<\\/script');
  return { script, scriptHash: hash(script), style: styleBefore + style, styleHash: hash(styleBefore + style) };
};
const assets = {
  run: await asset('run-page', licence, readFileSync(`${uplot}/dist/uPlot.min.css`, 'utf8')),
  index: await asset('index-page', '', ''),
};
writeFileSync('dist/report-pages.json', JSON.stringify(assets));
