/** The answer to one kind of lock error. */
export interface LockAnswer {
  /**
   * The HTTP status, from 400 to 599: 423 or 429 for a busy lock, where clients expect that.
   *
   * @default 409 when busy, 429 when a limit is reached, 503 when unavailable, 400 when invalid, else 500
   */
  statusCode?: number | undefined;

  /** The message for the client, on every transport. The default names no key, no node and no owner. */
  message?: string | undefined;

  /**
   * The time in milliseconds after which the client should try again: `Retry-After` over HTTP (in whole seconds,
   * rounded up), `grpc-retry-pushback-ms` over gRPC. With false it is left out.
   *
   * @default 1_000 when busy, limited or unavailable, else false
   */
  retryAfter?: number | false | undefined;
}

/**
 * The answers to lock errors that a handler did not catch. An answer that is left out keeps its default.
 *
 * @example
 * `{ busy: { statusCode: 423, message: 'Somebody else edits this order.', retryAfter: 5_000 } }`
 */
export interface LockAnswers {
  /** Somebody else held the lock for as long as the caller waited. */
  busy?: LockAnswer | undefined;
  /** All permits of a `limit` were taken for as long as the caller waited. */
  limit?: LockAnswer | undefined;
  /** Too few nodes answered. */
  unavailable?: LockAnswer | undefined;
  /** A client left out a value that the key of a `LockInterceptor` needs, or sent a wrong one. */
  invalid?: LockAnswer | undefined;
  /** Every other lock error: the lock was lost, or the call is wrong. */
  failed?: LockAnswer | undefined;
}
