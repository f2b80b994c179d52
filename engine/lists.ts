// What short lists need and the language does only with a new list, of what was taken out or of what stays.

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

/** Leaves those in the list that `stays` says, in their order; each is asked once. */
export function keepOnly<T>(list: T[], stays: (item: T) => boolean): void {
  let kept = 0;
  for (const item of list) {
    if (!stays(item)) continue;
    list[kept] = item;
    kept += 1;
  }
  while (list.length > kept) list.pop();
}
