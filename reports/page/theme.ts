// Colours for canvases, read from the style sheet, so that light and dark are decided in one place.

import { button, say } from './dom.ts';

export type Rgb = readonly [red: number, green: number, blue: number];

const repaints: (() => void)[] = [];
let probe: HTMLElement | null = null;

/** The colour of a custom property as it is now, such as `--ink`. */
export function colour(name: string): string {
  if (probe === null) {
    probe = document.createElement('span');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

export function rgb(name: string): Rgb {
  const [red = 0, green = 0, blue = 0] = (colour(name).match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue];
}

/** A pixel of an `ImageData` seen as 32-bit integers (little-endian, as every browser's platform is). */
export function pixel([red, green, blue]: Rgb): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export function mixed(one: Rgb, other: Rgb, share: number): Rgb {
  const at = (index: 0 | 1 | 2) => Math.round(one[index] + (other[index] - one[index]) * share);
  return [at(0), at(1), at(2)];
}

/** A scale of equal steps in lightness that reads the same with any colour vision: cividis (Nuñez, Anderton & Renslow 2018). */
const SCALE: readonly Rgb[] = [
  [0, 34, 78],
  [18, 53, 112],
  [59, 73, 108],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [165, 156, 116],
  [195, 179, 105],
  [225, 204, 85],
  [254, 232, 56],
];

/** `share`: 0 … 1. */
export function scale(share: number): Rgb {
  const at = Math.max(0, Math.min(1, share)) * (SCALE.length - 1);
  const below = Math.min(SCALE.length - 2, Math.floor(at));
  return mixed(SCALE[below] as Rgb, SCALE[below + 1] as Rgb, at - below);
}

/** Calls `paint` after light and dark have changed. */
export function onRepaint(paint: () => void): void {
  repaints.push(paint);
}

/** A button that turns light into dark and back; until it is pressed the system decides. */
export function themeButton(): HTMLButtonElement {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const dark = () => (root.dataset['theme'] ?? (system.matches ? 'dark' : 'light')) === 'dark';
  const changed = () => {
    say(made, dark() ? 'Light' : 'Dark');
    made.setAttribute('aria-label', dark() ? 'Use light colours' : 'Use dark colours');
    for (const paint of repaints) paint();
  };
  const made = button('', { class: 'theme' }, () => {
    root.dataset['theme'] = dark() ? 'light' : 'dark';
    changed();
  });
  system.addEventListener('change', changed);
  changed();
  return made;
}
