// The outputs of one drain, kept to be shown.

import type { Sink } from '../contract.ts';
import { OUTPUT_KINDS } from './output-marks.ts';

export interface Output {
  readonly kind: keyof Sink;
  readonly values: readonly unknown[];
}

const HEX_BYTES_MAX = 24;
const ITEMS_MAX = 4;

/** A sink that only remembers, in `list`. */
export function listingSink(list: Output[]): Sink {
  const remember = (kind: keyof Sink, values: readonly unknown[]) => {
    // Wire bytes are borrowed.
    list.push({ kind, values: kind === 'send' ? values.map(copied) : values });
  };
  const calls = OUTPUT_KINDS.map((kind) => [kind, (...values: unknown[]) => remember(kind, values)]);
  return Object.fromEntries(calls) as Sink;
}

function copied(value: unknown): unknown {
  return value instanceof Uint8Array ? value.slice() : value;
}

/** One line: `send(4, 17 bytes 0000000d06…)`. */
export function describeOutput({ kind, values }: Output): string {
  return `${kind}(${values.map(describeValue).join(', ')})`;
}

function describeValue(value: unknown): string {
  if (value instanceof Uint8Array) {
    const hex = Array.from(value.subarray(0, HEX_BYTES_MAX), (byte) => byte.toString(16).padStart(2, '0')).join('');
    return `${value.length} bytes ${hex}${value.length > HEX_BYTES_MAX ? '…' : ''}`;
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, ITEMS_MAX).map(describeValue).join(', ');
    return value.length > ITEMS_MAX ? `[${value.length}: ${shown}, …]` : `[${shown}]`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}: ${describeValue(item)}`)
    .join(', ')}}`;
}
