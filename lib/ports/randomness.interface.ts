/** The only source of chance in the library, so that a test or a simulator can replay a history from its seed. */
export interface Randomness {
  /** At least 128 random bits that nobody can guess, as text without ':'. Never the same twice. */
  readonly secret: () => string;

  /** A number from 0 (inclusive) to 1 (exclusive), for delays that should not coincide. */
  readonly fraction: () => number;
}
