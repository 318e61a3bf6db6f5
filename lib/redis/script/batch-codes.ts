import { MODE_LETTERS } from '../../ports/lock-mode';

/**
 * The requests of a batch, a letter for each key. Three files use this table: `encoded-batch.ts` sends them,
 * `batch-script.ts` runs them, and `batch-votes.ts` reads the reply.
 *
 * | | keys | parts after the owner token, each after a line feed | possible answers |
 * |---|---|---|---|
 * | `acquire` | one | | granted, denied |
 * | `acquireAll` | several | | granted, denied |
 * | `acquireNumbered` | one or several | the fence (three numbers); the token that it replaces, or nothing | granted, replaced, either with a number, denied |
 * | `extend` | one | | granted, denied, put back |
 * | `extendAll` | several | | granted, denied, put back |
 * | `takeOver` | one or several | the token that it takes over | granted, denied, put back |
 * | `release` | one | | granted, denied |
 * | `releaseAndTell` | one | | granted, a digit for the number of waiters, denied |
 * | `releaseAndTellAll` | one | | like `releaseAndTell`, in a cluster, where listeners may be at other servers |
 *
 * Each request may also fail.
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
  /** Another key of the request before it. */
  further: '+',
} as const;

/**
 * The answers of a batch, a letter for each key. A grant that tells the number of waiters is a digit instead, up
 * to 9.
 */
export const VOTES = {
  granted: 'g',
  /** Granted, and all keys had the token that ends. */
  replaced: 'p',
  /** Granted with another number than the proposal. The number follows after the letters. */
  numbered: 'n',
  replacedNumbered: 'q',
  denied: 'd',
  /** Denied, and what the server had lost was put back. */
  putBack: 'h',
  failed: 'f',
} as const;

/** The requests of a batch for readers, permits and the line, a letter for each request. */
export const SET_ASKS = {
  acquire: 'a',
  /** The most frequent form of `acquire`: one resource and its line, without a fencing number. */
  acquireOne: 'A',
  extend: 'e',
  release: 'r',
  /** The most frequent form of `release`: one resource and its line, and everything of the token ends. */
  releaseOne: 'R',
  leave: 'l',
  /** Many newcomers that want to read one resource each. */
  comeAll: 'N',
  /** Many readers of one resource each that release it. */
  goAll: 'M',
} as const;

/** The answers as Lua text. */
export const LUA_VOTES = quoted(VOTES);
export const LUA_MODES = quoted(MODE_LETTERS);

export function quoted<T extends Readonly<Record<string, string>>>(codes: T): Record<keyof T, string> {
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, `'${code}'`])) as Record<
    keyof T,
    string
  >;
}
