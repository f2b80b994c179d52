// Unpacks the series of a record: LEB128 integers in base64. The counterpart of what the recorder writes.

/** For each interval of the run the cells that changed in it, ascending. */
export function decodeToggles(text: string): Uint32Array[] {
  const values = integersOf(text);
  const intervals: Uint32Array[] = [];
  for (let at = 0; at < values.length; ) {
    const cells = Uint32Array.from(values.slice(at + 1, at + 1 + (values[at] as number)));
    for (let index = 1; index < cells.length; index += 1)
      cells[index] = (cells[index] as number) + (cells[index - 1] as number);
    intervals.push(cells);
    at += 1 + cells.length;
  }
  return intervals;
}

/** `rows` × `columns` numbers, row by row. */
export function decodeDeltas(text: string, rows: number, columns: number): Float64Array {
  const values = new Float64Array(rows * columns);
  values.set(integersOf(text).slice(0, values.length));
  return values;
}

function integersOf(text: string): number[] {
  const bytes = atob(text);
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes.charCodeAt(at);
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte >= 0x80) continue;
    values.push(value);
    value = 0;
    scale = 1;
  }
  return values;
}
