import { printable } from '../../errors/printable';

/**
 * JSON for a terminal as well as for a program. Invisible characters are escaped, which does not change the value.
 * JSON itself escapes only control characters, and not those that hide text or change its direction.
 */
export function jsonText(value: unknown, space?: number): string {
  // The only line breaks are those of the indentation.
  return JSON.stringify(value, null, space).split('\n').map(printable).join('\n');
}
