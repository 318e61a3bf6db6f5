import { isText } from './check-resources';

/**
 * The most bytes of an encoded label. With this length an owner token fits into the 200 characters that a denial
 * tells of it.
 */
const LONGEST_ENCODED = 96;
/** Characters that move a cursor, are invisible, or change the direction of the text around them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

export const LABEL_RULE =
  `must be text of 1 to ${LONGEST_ENCODED} characters, without control characters; one that is no ASCII letter, digit, ` +
  'space, "-", "_" or "." counts as 3 for each of its bytes in UTF-8';

export function isLabel(value: unknown): value is string {
  return (
    isText(value) && value !== '' && !UNPRINTABLE.test(value) && encodeLabel(value).length <= LONGEST_ENCODED
  );
}

/**
 * Encodes a label for the owner token. An operator who looks at the key in Redis can read it, and it has none of
 * the characters that separate the parts of a token.
 */
export function encodeLabel(label: string): string {
  return encodeURIComponent(label)
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** Decodes a label. Returns undefined for text that is no label, since anybody may write to the key. */
export function decodeLabel(encoded: string): string | undefined {
  try {
    const label = decodeURIComponent(encoded.replaceAll('+', ' '));
    return isLabel(label) ? label : undefined;
  } catch {
    // The text was not encoded by `encodeLabel`.
    return undefined;
  }
}
