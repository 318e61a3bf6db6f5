import { printable } from '../../errors/printable';

/**
 * JSON for a terminal as well as for a program: what nobody sees is escaped, which is the same value. JSON itself
 * escapes control characters only, and not those that hide text or change its direction.
 */
export function jsonText(value: unknown, space?: number): string {
  // The line breaks are those of the indentation.
  return JSON.stringify(value, null, space).split('\n').map(printable).join('\n');
}
