// Prints figures as Markdown tables. Rows of the same work stand together; the ratio is to the last program of the group.

export interface Row {
  readonly what: string;
  readonly program: string;
  /** Without start-up. */
  readonly bytesPerSecond: number;
  /** With start-up. */
  readonly wholeBytesPerSecond: number;
  readonly peakBytes: number;
  readonly processorSecondsPerGiB: number;
}

/** MB is 10⁶ bytes, as in the figures of every client. */
export function formatRows(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const reference = rows.findLast((other) => other.what === row.what) ?? row;
    return [
      row.what,
      row.program,
      mega(row.bytesPerSecond),
      (row.bytesPerSecond / reference.bytesPerSecond).toFixed(2),
      mega(row.wholeBytesPerSecond),
      (row.wholeBytesPerSecond / reference.wholeBytesPerSecond).toFixed(2),
      mega(row.peakBytes),
      row.processorSecondsPerGiB.toFixed(2),
    ];
  });
  return formatTable(
    ['', 'program', 'MB/s', 'ratio', 'MB/s with start-up', 'ratio', 'peak MB', 'processor s/GiB'],
    lines,
  );
}

/** Every column as wide as its widest cell; the first two are text, the others numbers. */
export function formatTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join(' | ')} |`;
  const rule = widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [format(head), `| ${rule.join(' | ')} |`, ...lines.map(format)].join('\n');
}

function pad(cell: string, width: number, column: number): string {
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
