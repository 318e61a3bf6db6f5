const HALF_OF_A_PAIR = /\p{Surrogate}/u;

/** Redis would get the same mark for every half of a surrogate pair, and different names would share a key. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !HALF_OF_A_PAIR.test(value);
}
