// Whole trees out of decoded values, for comparing with oracles. Recursion is harmless here: the decoder has bounded the depth.

import type { BencodeValue } from '../../engine/bencode/value.ts';

/** Integers as bigint, strings as bytes, dictionaries as pairs in the source's order. */
export type Tree = bigint | Uint8Array | readonly Tree[] | { readonly pairs: readonly (readonly [Uint8Array, Tree])[] };

export function treeOf(value: BencodeValue): Tree {
  switch (value.kind) {
    case 'integer':
      return BigInt(Buffer.from(value.raw()).toString('latin1').slice(1, -1));
    case 'string':
      return value.bytes() as Uint8Array;
    case 'list':
      return Array.from(value.items() ?? [], treeOf);
    case 'dictionary':
      return { pairs: Array.from(value.entries() ?? [], ([key, inner]) => [key, treeOf(inner)] as const) };
  }
}

/** The one canonical encoding of a tree. */
export function encodeTree(tree: Tree): Buffer {
  if (typeof tree === 'bigint') return Buffer.from(`i${tree}e`);
  if (tree instanceof Uint8Array) return Buffer.concat([Buffer.from(`${tree.length}:`), tree]);
  if ('pairs' in tree) {
    const pairs = tree.pairs.flatMap(([key, value]) => [encodeTree(key), encodeTree(value)]);
    return Buffer.concat([Buffer.from('d'), ...pairs, Buffer.from('e')]);
  }
  return Buffer.concat([Buffer.from('l'), ...tree.map(encodeTree), Buffer.from('e')]);
}

/** How many values a tree has, keys included. */
export function countOf(tree: Tree): number {
  if (typeof tree === 'bigint' || tree instanceof Uint8Array) return 1;
  if ('pairs' in tree) return tree.pairs.reduce((sum, [, value]) => sum + 1 + countOf(value), 1);
  return tree.reduce((sum, item) => sum + countOf(item), 1);
}
