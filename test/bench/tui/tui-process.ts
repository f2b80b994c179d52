// The UI on the terminal that it is started on, over a scripted core: `node tui-process.ts SCRIPT`, the script as JSON.

import { App } from '../../../client/tui/app.ts';
import type { Event } from '../../../client/tui/state.ts';
import { colourDepth, makeTheme } from '../../../client/tui/theme.ts';
import { type Script, ScriptedCore } from './scripted-core.ts';

const script: Script = JSON.parse(process.argv[2] ?? '{"torrents":20,"peers":30,"moving":8}');
const look = {
  theme: process.env['STARLING_THEME'] ?? 'dark',
  foreground: 'theme',
  background: 'theme',
  accent: 'theme',
};
const settings = {
  theme: makeTheme(look, colourDepth(process.env)),
  units: { bits: false, binary: true },
  saveFolder: '/tmp/Downloads',
};
let told: (event: Event) => void = () => undefined;
const core = new ScriptedCore(script, (event) => told(event));
const app = new App(core, settings, process.stdin, process.stdout);
told = (event) => app.happened(event);
const { exitCode, lastWord } = await app.run();
if (lastWord !== null) console.error(lastWord);
process.exitCode = exitCode;
