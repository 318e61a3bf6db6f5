/** What nobody sees, or what changes how the rest is shown. The space is the one that may stay. */
const UNSEEN = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

const PLAIN = /^[ -~]*$/;

/**
 * Names, tokens and texts of servers may come from anybody: none of their control and invisible characters reaches a
 * terminal, a log or a message. They are written as JSON does, `\u001b`, so in a JSON text the value stays the same.
 */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSEEN, escaped);
}

/** The printable text, cut at a length that people still read. */
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
