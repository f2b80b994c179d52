// Reads a whole file of bounded size, whatever the file says of its size: a device and a pipe have none and never end.

import { open } from 'node:fs/promises';

const PART_BYTES = 1024 * 1024;

/** The content of the file at `path`, owned by the caller. Throws the system's error, or one that names the bound where there is more. */
export async function readBounded(path: string, bytesMax: number): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    let bytes = new Uint8Array(Math.min(size, bytesMax) + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
      if (bytesRead === 0) return bytes.subarray(0, length);
      length += bytesRead;
      if (length > bytesMax) throw new Error(`larger than ${bytesMax} bytes`);
      if (length === bytes.length) bytes = grown(bytes, Math.min(length * 2 + PART_BYTES, bytesMax + 1));
    }
  } finally {
    await handle.close();
  }
}

function grown(bytes: Uint8Array, lengthBytes: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(lengthBytes);
  larger.set(bytes);
  return larger;
}
