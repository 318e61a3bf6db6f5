/**
 * Tells if `text` matches a glob of Redis: `*` stands for any text, `?` for one character, `[a-z]` for one of
 * these, `[^a-z]` for one that is none of these, and `\` makes the next character stand for itself.
 *
 * It goes back only to the last star, so the time is at most the product of both lengths.
 */
export function isLike(text: string, pattern: string): boolean {
  const parts = partsOf(pattern);
  const characters = Array.from(text);
  let [at, part] = [0, 0];
  let star: { readonly part: number; at: number } | undefined;
  while (at < characters.length) {
    const wanted = parts[part];
    if (wanted === ANY_TEXT) {
      star = { part, at };
      part += 1;
    } else if (wanted?.(characters[at] as string)) {
      at += 1;
      part += 1;
    } else if (star === undefined) {
      return false;
    } else {
      star.at += 1;
      at = star.at;
      part = star.part + 1;
    }
  }
  return parts.slice(part).every((rest) => rest === ANY_TEXT);
}

type Part = (character: string) => boolean;

const ANY_TEXT: Part = () => true;
const ANY_CHARACTER: Part = () => true;

function partsOf(pattern: string): Part[] {
  const parts: Part[] = [];
  const letters = Array.from(pattern);
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] as string;
    if (letter === '*') parts.push(ANY_TEXT);
    else if (letter === '?') parts.push(ANY_CHARACTER);
    else if (letter === '[') {
      const set = setFrom(letters, at + 1);
      parts.push(set.part);
      at = set.end;
    } else {
      // A backslash at the end stands for itself.
      const same = letter === '\\' && at + 1 < letters.length ? (letters[(at += 1)] as string) : letter;
      parts.push((character) => character === same);
    }
  }
  return parts;
}

/** Reads a set. A set without a closing bracket ends with the pattern, as in Redis. */
function setFrom(letters: readonly string[], start: number): { part: Part; end: number } {
  const isNot = letters[start] === '^';
  const ranges: [string, string][] = [];
  let at = isNot ? start + 1 : start;
  for (; at < letters.length && letters[at] !== ']'; at += 1) {
    if (letters[at] === '\\' && at + 1 < letters.length) at += 1;
    const from = letters[at] as string;
    if (letters[at + 1] === '-' && at + 2 < letters.length) {
      const to = letters[(at += 2)] as string;
      ranges.push(from < to ? [from, to] : [to, from]);
    } else ranges.push([from, from]);
  }
  const has = (character: string) => ranges.some(([from, to]) => character >= from && character <= to);
  return { part: (character) => has(character) !== isNot, end: at };
}
