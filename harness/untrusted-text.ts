// Makes text that others wrote (names, tracker messages, peer clients) safe to show: a terminal must never obey it.

const SHOWN_LENGTH_MAX = 512;
// C0, DEL, C1, the bidirectional controls that disguise names, and the separators that break lines.
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** `text` without control characters and direction overrides, each shown as U+FFFD, cut to 512 characters. */
export function printable(text: string): string {
  const cut = text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
  return wholePrintable(cut);
}

/** The same at any length, for lines of our own that hold the user's paths. */
export function wholePrintable(text: string): string {
  return text.replace(UNSAFE, '\ufffd').toWellFormed();
}

/** One line of JSON that is safe on a terminal and loses nothing: the unsafe characters that JSON leaves alone are escaped too. */
export function jsonLine(value: unknown): string {
  const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replace(UNSAFE, escape)}\n`;
}
