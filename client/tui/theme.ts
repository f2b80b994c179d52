// How the screen looks: what each role of text is told to the terminal as, from a theme's name and the user's own colours.
//
// Always: a role is told from its neighbours without colours too (NO_COLOR): by weight, underline or reversal. Colours that the terminal
// cannot show are replaced by the nearest of 256, or of 16.

export type Role =
  | 'text'
  | 'dim'
  | 'strong'
  | 'accent'
  | 'good'
  | 'warn'
  | 'bad'
  | 'bar'
  | 'header'
  | 'sorted'
  | 'selected'
  | 'resting'
  | 'tabOpen'
  | 'key'
  | 'field'
  | 'down'
  | 'up'
  | 'missing'
  | 'begun'
  | 'here'
  | 'sure';

/** What the user's configuration says. Colours: `#rrggbb`, a name of the 16 such as `cyan` or `bright-cyan`, `default` = the terminal's own, or
 *  `theme` = the theme's. */
export interface Look {
  readonly theme: ThemeName;
  readonly foreground: string;
  readonly background: string;
  readonly accent: string;
}

export interface Theme {
  /** The whole sequence that turns a role on, whatever was on before. */
  readonly sgr: Readonly<Record<Role, string>>;
}

/** 0: none, 16, 256, or 2 ** 24. */
export type ColourDepth = 0 | 16 | 256 | 16777216;

/** null: the terminal's own. */
type Colour = string | null;

interface Palette {
  readonly foreground: Colour;
  readonly background: Colour;
  readonly accent: Colour;
  readonly good: Colour;
  readonly warn: Colour;
  readonly bad: Colour;
  readonly dim: Colour;
  /** Behind bars, fields, and a selection that has not the focus. */
  readonly raised: Colour;
}

const DARK = palette('#d8dee9', '#171c24', '#6cc7f0', '#9fd086', '#ecc873', '#ee7f86', '#808b9b', '#2a3443');
const THEMES = {
  dark: DARK,
  light: palette('#2b303b', '#faf8f3', '#005f87', '#3f7a25', '#8a5a00', '#b3261e', '#77716a', '#e6e1d6'),
  solarized: palette('#93a1a1', '#002b36', '#268bd2', '#859900', '#b58900', '#dc322f', '#657b83', '#073642'),
  nord: palette('#d8dee9', '#2e3440', '#88c0d0', '#a3be8c', '#ebcb8b', '#bf616a', '#7b88a1', '#3b4252'),
  /** Weight, underline and reversal alone. */
  mono: null,
} as const satisfies Readonly<Record<string, Palette | null>>;

export type ThemeName = keyof typeof THEMES;
export const THEME_NAMES = Object.keys(THEMES) as readonly ThemeName[];

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

function palette(...colours: readonly [string, string, string, string, string, string, string, string]): Palette {
  const [foreground, background, accent, good, warn, bad, dim, raised] = colours;
  return { foreground, background, accent, good, warn, bad, dim, raised };
}

/** Every role's sequence. */
export function makeTheme(look: Look, terminalDepth: ColourDepth): Theme {
  const named = THEMES[look.theme];
  const depth = named === null ? 0 : terminalDepth;
  const base = named ?? DARK;
  const foreground = chosen(look.foreground, base.foreground);
  const background = chosen(look.background, base.background);
  const accent = chosen(look.accent, base.accent);
  // On a background that is not ours, and among few colours, what is raised from it is reversed.
  const raised = background === null || depth <= 16 ? null : base.raised;
  const sgr = (plain: string, coloured: string, colour: Colour = foreground, behind: Colour = background) =>
    depth === 0 ? `\u001b[0${plain}m` : `\u001b[0${coloured}${paint(colour, 38, depth)}${paint(behind, 48, depth)}m`;
  const lifted = (plain: string, more = '') =>
    raised === null ? sgr(plain, plain) : sgr(plain, more, foreground, raised);
  return {
    sgr: {
      text: sgr('', ''),
      dim: sgr(';2', '', base.dim),
      strong: sgr(';1', ';1'),
      accent: sgr(';1', '', accent),
      good: sgr('', '', base.good),
      warn: sgr(';1', '', base.warn),
      bad: sgr(';1;4', ';1', base.bad),
      bar: lifted(';7'),
      header: sgr(';4', ';4', base.dim),
      sorted: sgr(';1;4', ';1;4', accent),
      selected: sgr(';7', ';7', accent),
      resting: lifted(';1;4', ';1'),
      tabOpen: sgr(';7;1', ';1;7', accent),
      key: sgr(';1', ';1', accent),
      field: lifted(';4'),
      down: sgr('', '', accent),
      up: sgr('', '', base.good),
      missing: sgr(';2', '', base.dim),
      begun: sgr('', '', base.warn),
      here: sgr(';1', '', accent),
      sure: sgr('', '', base.good),
    },
  };
}

function chosen(given: string, ofTheme: Colour): Colour {
  if (given === 'default') return null;
  return isColour(given) ? given : ofTheme;
}

/** What the terminal can show, by the environment that is a convention for it. */
export function colourDepth(environment: Readonly<Record<string, string | undefined>>): ColourDepth {
  if ((environment['NO_COLOR'] ?? '') !== '') return 0;
  if (/^(truecolor|24bit)$/.test(environment['COLORTERM'] ?? '')) return 16_777_216;
  const terminal = environment['TERM'] ?? '';
  if (/^(dumb|vt\d+|)$/.test(terminal)) return 0;
  return /256|kitty|ghostty|alacritty/.test(terminal) ? 256 : 16;
}

/** `#rrggbb`, or a name of the 16. */
export function isColour(text: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(text) || indexOfName(text) !== null;
}

/** The parameters that select `colour`, each with its `;` before it. `base`: 38 for text, 48 for what is behind. */
function paint(colour: string | null, base: 38 | 48, depth: ColourDepth): string {
  if (colour === null) return '';
  const index = indexOfName(colour);
  const sixteen = (at: number) => `;${base - 8 + (at < 8 ? at : at - 8 + 60)}`;
  if (index !== null) return sixteen(index);
  if (!isColour(colour)) return '';
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)) as [
    number,
    number,
    number,
  ];
  if (depth === 16_777_216) return `;${base};2;${red};${green};${blue}`;
  if (depth === 256) return `;${base};5;${nearestOf256(red, green, blue)}`;
  return sixteen(nearestOf16(red, green, blue));
}

/** As xterm shows them. */
const SIXTEEN = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
] as const;

function nearestOf16(red: number, green: number, blue: number): number {
  const far = SIXTEEN.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
  return far.indexOf(Math.min(...far));
}

function indexOfName(text: string): number | null {
  const name = text.toLowerCase();
  if (name === 'gray' || name === 'grey') return 8;
  const bright = name.startsWith('bright-');
  const index = NAMES.indexOf(bright ? name.slice('bright-'.length) : name);
  return index < 0 ? null : index + (bright ? 8 : 0);
}

/** In the 6 × 6 × 6 cube, or among the 24 greys where that is nearer. */
function nearestOf256(red: number, green: number, blue: number): number {
  const steps = [0, 95, 135, 175, 215, 255];
  const nearest = (value: number) =>
    steps.reduce(
      (best, step, at) => (Math.abs(step - value) < Math.abs((steps[best] as number) - value) ? at : best),
      0,
    );
  const [r, g, b] = [nearest(red), nearest(green), nearest(blue)];
  const grey = Math.max(0, Math.min(23, Math.round(((red + green + blue) / 3 - 8) / 10)));
  const distance = (x: number, y: number, z: number) => (x - red) ** 2 + (y - green) ** 2 + (z - blue) ** 2;
  const shade = 8 + grey * 10;
  const cube = distance(steps[r] as number, steps[g] as number, steps[b] as number);
  return distance(shade, shade, shade) < cube ? 232 + grey : 16 + 36 * r + 6 * g + b;
}
