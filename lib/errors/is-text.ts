const HALF_OF_A_PAIR = /\p{Surrogate}/u;

/**
 * Tells if a value is a string that can be sent. Redis would get the same character for each half of a surrogate
 * pair, so different names would share a key.
 */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !HALF_OF_A_PAIR.test(value);
}
