/**
 * What a batch asks for, a letter for each key. From this table come what is sent (`encoded-batch.ts`), what the script
 * does with it (`batch-script.ts`), and how its reply is read (`batch-votes.ts`).
 *
 * | | keys | where the owner token goes, behind it after a line feed each | may be answered |
 * |---|---|---|---|
 * | `acquire` | one | | granted, denied |
 * | `acquireAll` | several | | granted, denied |
 * | `acquireNumbered` | one or several | the fence (three numbers); the token that it replaces, or nothing | granted, replaced, either with a number, denied |
 * | `extend` | one | | granted, denied, put back |
 * | `extendAll` | several | | granted, denied, put back |
 * | `takeOver` | one or several | the token that it takes over | granted, denied, put back |
 * | `release` | one | | granted, denied |
 * | `releaseAndTell` | one | | granted, a digit for how many wait, denied |
 * | `releaseAndTellAll` | one | | the same; in a cluster, where listeners may be at other servers |
 *
 * Each may fail.
 */
export const ASKS = {
  acquire: 'a',
  acquireAll: 'A',
  acquireNumbered: 'n',
  extend: 'e',
  extendAll: 'E',
  takeOver: 't',
  release: 'r',
  releaseAndTell: 'w',
  releaseAndTellAll: 'W',
  /** A further key of the request before it. */
  further: '+',
} as const;

/** What is answered, a letter for each key. Of a grant that tells how many wait it is a digit instead, up to 9. */
export const VOTES = {
  granted: 'g',
  /** Granted, and all keys had the token that ends. */
  replaced: 'p',
  /** Granted with another number than was proposed, which follows behind the letters. */
  numbered: 'n',
  replacedNumbered: 'q',
  denied: 'd',
  /** Denied, and what the server had lost was put back. */
  putBack: 'h',
  failed: 'f',
} as const;

/** What a batch for readers, permits and the line asks for, a letter for each request. */
export const SET_ASKS = {
  acquire: 'a',
  /** As most are: one resource and its line, and no number. */
  acquireOne: 'A',
  extend: 'e',
  release: 'r',
  /** As most are: one resource and its line, all of it at once. */
  releaseOne: 'R',
  leave: 'l',
} as const;

/** As a script writes them. */
export const LUA_VOTES = quoted(VOTES);

export function quoted<T extends Readonly<Record<string, string>>>(codes: T): Record<keyof T, string> {
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, `'${code}'`])) as Record<
    keyof T,
    string
  >;
}
