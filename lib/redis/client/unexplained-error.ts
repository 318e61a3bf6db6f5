/**
 * A failure whose reason the client library does not know. Somebody else may know it, such as the watch over the
 * Sentinels.
 */
export class UnexplainedError extends Error {
  /**
   * @param start the message up to the reason
   * @param said the words of the library in the place of a reason
   */
  constructor(
    readonly start: string,
    said: string,
  ) {
    super(start + said);
    this.name = 'UnexplainedError';
  }
}
