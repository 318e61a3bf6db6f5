/** Characters that nobody sees, or that change how the rest is shown. Only the space may stay. */
const UNSEEN = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

const PLAIN = /^[ -~]*$/;

/**
 * Escapes control and invisible characters. Names, tokens and texts of servers may come from anybody, and such
 * characters must not reach a terminal, a log or a message. They are written as in JSON, `\u001b`, so the value in
 * a JSON text stays the same.
 */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSEEN, escaped);
}

/** The printable text, cut at a length that people can still read. */
export function printableStart(text: string, longest: number): string {
  return text.length > longest ? `${printable(text.slice(0, longest))}…` : printable(text);
}

function escaped(character: string): string {
  let units = '';
  for (let i = 0; i < character.length; i++) {
    units += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return units;
}
