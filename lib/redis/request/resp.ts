/** Encodes a command in the protocol of Redis: an array of strings, each with its length in bytes. */
export function resp(parts: readonly (string | number)[]): Buffer {
  const text = joined(parts, (part) => part.length);
  // One check for the whole command is cheaper than one per part, and nearly always each character is a byte.
  return isAsBytes(text)
    ? Buffer.from(text, 'latin1')
    : Buffer.from(joined(parts, (part) => Buffer.byteLength(part)));
}

/** Tells if each character is one byte. */
export function isAsBytes(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** Encodes a part of a command whose characters are bytes. */
export function respPart(value: string): string {
  return (LENGTHS[value.length] ?? lengthOf(value.length)) + value;
}

/** Rounds up, never down: the node must not forget earlier than the caller expects. */
export function wholeMs(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}

function joined(parts: readonly (string | number)[], bytesOf: (part: string) => number): string {
  let text = `*${parts.length}`;
  for (const part of parts) {
    const value = String(part);
    const length = bytesOf(value);
    text += LENGTHS[length] ?? lengthOf(length);
    text += value;
  }
  return `${text}\r\n`;
}

function lengthOf(length: number): string {
  return `\r\n$${length}\r\n`;
}

/** The text between two parts, by the length of the second part. */
const LENGTHS = Array.from({ length: 256 }, (_, length) => lengthOf(length));
