// Builds elements. All text goes through `shown`, so that nothing that a torrent says is markup, and nothing disguises itself.

// C0, DEL, C1, and the bidirectional controls and line separators that make a name look like another.
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

export type Child = Node | string | null;

/** `text` with characters that could disguise it shown as U+FFFD. */
function shown(text: string): string {
  return text.replace(UNSAFE, '\ufffd').toWellFormed();
}

/** An element with attributes (`class`, `aria-label`, …) and children; strings become text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: { readonly [name: string]: string } = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, shown(value));
  for (const child of children) if (child !== null) made.append(typeof child === 'string' ? shown(child) : child);
  return made;
}

/** Replaces what `target` says; writes nothing when it says so already. */
export function say(target: Element, text: string): void {
  const safe = shown(text);
  if (target.textContent !== safe) target.textContent = safe;
}

/** One entry of a legend: a box of the class `name` with what it stands for. */
export function legendKey(name: string, text: string): HTMLElement {
  return element('span', { class: 'key' }, element('i', { class: `box ${name}` }), text);
}

export function button(label: string, attributes: { readonly [name: string]: string }, press: () => void) {
  const made = element('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', press);
  return made;
}

/** A table whose columns align right where `numeric` says so. */
export function table(
  heads: readonly { readonly title: string; readonly numeric?: boolean }[],
  rows: readonly (readonly Child[])[],
): HTMLElement {
  const cell = (tag: 'td' | 'th', child: Child, column: number) =>
    element(tag, heads[column]?.numeric === true ? { class: 'numeric' } : {}, child);
  const head = heads.map(({ title }, column) => {
    const made = cell('th', title, column);
    made.setAttribute('scope', 'col');
    return made;
  });
  const body = element(
    'tbody',
    {},
    ...rows.map((cells) => element('tr', {}, ...cells.map((child, at) => cell('td', child, at)))),
  );
  return element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'table' },
    element('table', {}, element('thead', {}, element('tr', {}, ...head)), body),
  );
}

/** The same card over the whole width of the page. */
export function wide(made: HTMLElement): HTMLElement {
  made.classList.add('wide');
  return made;
}

/** A card of the page: what one sees, a sentence that says what it shows, and the drawing. */
export function card(title: string, finding: string, ...children: readonly Child[]): HTMLElement {
  return element(
    'section',
    { class: 'card', 'aria-label': title },
    element('h2', {}, title),
    element('p', { class: 'finding' }, finding),
    ...children,
  );
}

/** Rows of which only the first are made until somebody asks for all. */
export function longTable(
  heads: readonly { readonly title: string; readonly numeric?: boolean }[],
  count: number,
  row: (index: number) => readonly Child[],
  shownAtFirst: number,
): HTMLElement {
  const rows = (until: number) => Array.from({ length: Math.min(count, until) }, (_, index) => row(index));
  const holder = element('div', {}, table(heads, rows(shownAtFirst)));
  if (count > shownAtFirst) {
    const more = button(`Show all ${count}`, { class: 'more' }, () =>
      holder.replaceChildren(table(heads, rows(count))),
    );
    holder.append(more);
  }
  return holder;
}
