import { printable } from '../../errors/printable';

/** Rows under a heading, in columns that are two spaces apart. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const texts = [heading, ...rows].map((row) => row.map(printable));
  const widths = heading.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  return texts
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
