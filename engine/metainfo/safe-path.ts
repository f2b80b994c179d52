// Turns the names that a stranger wrote into paths that a driver may join below its own folder (CONFORMANCE 6).
//
// What always holds: no component is empty, `.`, `..`, a Windows device, or longer than PATH_COMPONENT_BYTES_MAX bytes of UTF-8; none has a
// separator, a control or bidirectional control character, a drive letter, or ends in a dot or space. No two files share a
// path, also where the file system ignores case or composes accents, and no file is another's folder. The same torrent always
// gets the same paths. Characters that only Windows forbids inside a name (`?`, `*`, `:` past a drive letter) stay: they lead nowhere
// else, and a new name would hide data that another client stored under the old one.

import { utf8Length } from '../bencode/utf8.ts';
import { PATH_COMPONENT_BYTES_MAX } from '../limits.ts';

const SUBSTITUTE = '_';

/** Separators of both kinds; C0, DEL, C1; what turns the direction of text (Unicode's Bidi_Control); line and paragraph separators. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[/\\\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const DRIVE_LETTER = /^([a-z]):/i;
/** A device name opens the device with any extension, or with spaces or a colon after it. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?: *\.| *:| *$)/i;
/** `.` and `..` among them; Windows drops such an end, so that two names become one. */
const TRAILING = /[. ]+$/;
/** A longer one is taken for a part of the name when a name is cut. */
const EXTENSION_BYTES_MAX = 16;

/** One component from untrusted text; each forbidden character becomes `_`. Empty text becomes `_`. */
export function safeComponent(text: string): string {
  const plain = text.replace(FORBIDDEN, SUBSTITUTE).replace(DRIVE_LETTER, `$1${SUBSTITUTE}`);
  const name = DEVICE.test(plain) ? SUBSTITUTE + plain : plain;
  const whole = cut(name, '').replace(TRAILING, (end) => SUBSTITUTE.repeat(end.length));
  return whole === '' ? SUBSTITUTE : whole;
}

/** Paths of safe components, none equal to another or the folder of another: a file that comes second, or that is named like a folder, gets
 *  ` (n)` before its extension, n being its number among the files from 1. Folders keep their names. `paths`: never empty ones. */
export function distinctPaths(paths: readonly (readonly string[])[]): (readonly string[])[] {
  const tree = new PathTree();
  const folders = paths.map((path) => tree.folderOf(path));
  return paths.map((path, index) => {
    const folder = folders[index] as number;
    const name = path[path.length - 1] as string;
    let free = name;
    // Each turn that fails met another file that ends in this file's own number, so all turns together are at most two a file.
    for (let turn = 1; !tree.addFile(folder, free); turn += 1) {
      free = cut(name, turn === 1 ? ` (${index + 1})` : ` (${index + 1}-${turn})`);
    }
    return free === name ? path : [...path.slice(0, -1), free];
  });
}

/** Names by the folder that they stand in: memory in proportion to the names, however deep the folders. */
class PathTree {
  /** Folder number, or FILE, by the number of the folder around it and the folded name. */
  readonly #entries = new Map<string, number>();
  #folders = 1;

  /** The number of the folder that holds the last component, made where it is new. */
  folderOf(path: readonly string[]): number {
    let folder = 0;
    for (let depth = 0; depth < path.length - 1; depth += 1) {
      const key = `${folder}/${folded(path[depth] as string)}`;
      let inner = this.#entries.get(key);
      if (inner === undefined) {
        inner = this.#folders;
        this.#folders += 1;
        this.#entries.set(key, inner);
      }
      folder = inner;
    }
    return folder;
  }

  /** False where the name is taken. */
  addFile(folder: number, name: string): boolean {
    const key = `${folder}/${folded(name)}`;
    if (this.#entries.has(key)) return false;
    this.#entries.set(key, FILE);
    return true;
  }
}

const FILE = -1;

/** Equal for names that some file system takes for the same. */
function folded(name: string): string {
  return name.normalize('NFD').toLowerCase().toUpperCase().normalize('NFD');
}

/** `name` with `suffix` (ASCII) before its extension, the stem cut where the whole would be too long. */
function cut(name: string, suffix: string): string {
  const dot = name.lastIndexOf('.');
  const hasExtension = dot > 0 && byteLength(name.slice(dot)) <= EXTENSION_BYTES_MAX;
  const extension = hasExtension ? name.slice(dot) : '';
  const stem = hasExtension ? name.slice(0, dot) : name;
  return prefixOf(stem, PATH_COMPONENT_BYTES_MAX - suffix.length - byteLength(extension)) + suffix + extension;
}

function byteLength(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += utf8Length(character.codePointAt(0) as number);
  return bytes;
}

/** As many whole characters as fit into `bytesMax`. */
function prefixOf(text: string, bytesMax: number): string {
  let bytes = 0;
  let units = 0;
  for (const character of text) {
    bytes += utf8Length(character.codePointAt(0) as number);
    if (bytes > bytesMax) break;
    units += character.length;
  }
  return text.slice(0, units);
}
