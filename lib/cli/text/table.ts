import { printable } from '../../errors/printable';

/**
 * Rows under a heading, in columns that are two spaces apart.
 *
 * @param longest a longer text is shortened in its middle to as many characters
 */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  longest = Infinity,
): string {
  const texts = [heading, ...rows].map((row) =>
    row.map((text) => shortenedInMiddle(printable(text), longest)),
  );
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

/** The text with `…` in the place of its middle, if it is too long. No character is cut in two. */
export function shortenedInMiddle(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const characters = Array.from(text);
  const kept = longest - 1;
  const atEnd = Math.floor(kept / 2);
  return characters.length <= longest
    ? text
    : `${characters.slice(0, kept - atEnd).join('')}…${characters.slice(characters.length - atEnd).join('')}`;
}
