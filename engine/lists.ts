// What short lists need and the language does only with a new list for what was taken out.

/** Puts `item` at place `at` of the list, 0 … its length. */
export function insertAt<T>(list: T[], at: number, item: T): void {
  list.push(item);
  for (let i = list.length - 1; i > at; i -= 1) list[i] = list[i - 1] as T;
  list[at] = item;
}

/** Takes `item` out, if it is there; the others keep their order. */
export function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at === -1) return;
  for (let i = at + 1; i < list.length; i += 1) list[i - 1] = list[i] as T;
  list.pop();
}
