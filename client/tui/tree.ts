// The files of a torrent as a tree: folders with what is in them, closed ones without.
//
// Always: one row a file or folder, in the torrent's order, a folder where its first file is; every row knows the files that it stands for.

import type { FilePriority } from '#engine';
import type { FileRow } from '../control/protocol.ts';

export interface TreeRow {
  /** The path, joined; unique. */
  readonly id: string;
  readonly name: string;
  readonly depth: number;
  /** null: a file. */
  readonly open: boolean | null;
  /** Places in the list that the tree was made of. */
  readonly files: readonly number[];
  readonly lengthBytes: number;
  readonly haveBytes: number;
  /** null: its files differ. */
  readonly priority: FilePriority | null;
}

interface Folder {
  readonly id: string;
  readonly name: string;
  readonly depth: number;
  readonly files: number[];
  readonly folders: Map<string, Folder>;
  readonly children: (Folder | number)[];
}

/** Rows of all `files` but pad files, without what is inside the folders in `closed`. */
export function treeRows(files: readonly FileRow[], closed: ReadonlySet<string>): TreeRow[] {
  const root = makeFolder('', '', -1);
  files.forEach((file, index) => {
    if (file.pad) return;
    let folder = root;
    folder.files.push(index);
    for (const name of file.path.slice(0, -1)) {
      let next = folder.folders.get(name);
      if (next === undefined) {
        next = makeFolder(`${folder.id}/${name}`, name, folder.depth + 1);
        folder.folders.set(name, next);
        folder.children.push(next);
      }
      folder = next;
      folder.files.push(index);
    }
    folder.children.push(index);
  });
  return rowsOf(root, files, closed);
}

/** Depth first with a stack of its own: how deep the folders go is not ours to say. */
function rowsOf(root: Folder, files: readonly FileRow[], closed: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const waiting: { readonly child: Folder | number; readonly folder: Folder }[] = [];
  const push = (folder: Folder) => {
    for (const child of folder.children.toReversed()) waiting.push({ child, folder });
  };
  push(root);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { child, folder } = next;
    if (typeof child === 'number') {
      const file = files[child] as FileRow;
      const name = file.path.at(-1) ?? '';
      const { lengthBytes, haveBytes, priority } = file;
      const id = `${folder.id}/${name}\u0000${child}`;
      rows.push({ id, name, depth: folder.depth + 1, open: null, files: [child], lengthBytes, haveBytes, priority });
    } else {
      const open = !closed.has(child.id);
      rows.push({ ...folderRow(child, files), open });
      if (open) push(child);
    }
  }
  return rows;
}

function folderRow({ id, name, depth, files: inside }: Folder, files: readonly FileRow[]): TreeRow {
  let lengthBytes = 0;
  let haveBytes = 0;
  let priority = files[inside[0] as number]?.priority ?? null;
  for (const index of inside) {
    const file = files[index] as FileRow;
    lengthBytes += file.lengthBytes;
    haveBytes += file.haveBytes;
    if (file.priority !== priority) priority = null;
  }
  return { id, name, depth, open: true, files: inside, lengthBytes, haveBytes, priority };
}

function makeFolder(id: string, name: string, depth: number): Folder {
  return { id, name, depth, files: [], folders: new Map(), children: [] };
}

/** The levels that a person chooses among. */
const LEVELS: readonly FilePriority[] = [0, 1, 4, 7];

/** One level up or down; of a folder whose files differ, from normal. */
export function stepPriority(priority: FilePriority | null, by: 1 | -1): FilePriority {
  const from = priority ?? 4;
  const next = by > 0 ? LEVELS.find((level) => level > from) : LEVELS.findLast((level) => level < from);
  return next ?? from;
}

/** Skipped, or wanted as usual. */
export function togglePriority(priority: FilePriority | null): FilePriority {
  return priority === 0 ? 4 : 0;
}

/** `skip`, `low`, `normal`, `high`; `mixed` for a folder whose files differ. */
export function priorityName(priority: FilePriority | null): string {
  if (priority === null) return 'mixed';
  if (priority === 0) return 'skip';
  return priority < 4 ? 'low' : priority === 4 ? 'normal' : 'high';
}
