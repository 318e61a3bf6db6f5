/** The only source of chance in the library, so that a test or a simulator can replay a history from its seed. */
export interface Randomness {
  /**
   * Returns text without ':' that has at least 128 random bits and that nobody can guess. It never returns the
   * same text twice.
   */
  readonly secret: () => string;

  /** Returns a number from 0 (inclusive) to 1 (exclusive), for delays that should not coincide. */
  readonly fraction: () => number;
}
