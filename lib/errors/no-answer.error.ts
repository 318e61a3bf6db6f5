/** A node was asked and has said nothing in time, not even that it cannot tell. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}
