// The UI on the terminal that it is started on, over a scripted core: `node tui-process.ts SCRIPT`, the script as JSON.

import { App } from '../../../client/tui/app.ts';
import { colourDepth, makeTheme } from '../../../client/tui/theme.ts';
import { LOOK } from '../../tui/support.ts';
import { type Script, ScriptedCore } from './scripted-core.ts';

const script: Script = JSON.parse(process.argv[2] ?? '{"torrents":20,"peers":30,"moving":8}');
const settings = {
  theme: makeTheme(LOOK, colourDepth(process.env)),
  units: { bits: false, binary: true },
  saveFolder: '/tmp/Downloads',
};
const app = new App(new ScriptedCore(script), settings, process.stdin, process.stdout);
const { exitCode, lastWord } = await app.run();
if (lastWord !== null) console.error(lastWord);
process.exit(exitCode);
