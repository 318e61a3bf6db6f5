import { LockError, nameError } from './lock.error';

/**
 * The caller that waited for the result has left: the HTTP client closed the connection, a timeout passed, or the
 * Observable was unsubscribed.
 *
 * It is the reason of the signal of `@CallerSignal()`. A call that stops waiting for its lock because its caller left
 * rejects with it. Nobody reads the answer: the exception filter does not log it, and the status 499 reaches only the
 * logs of servers and proxies.
 */
export class CallerLeftError extends LockError {
  readonly code = 'LOCK_CALLER_LEFT';

  constructor(options?: { cause?: unknown }) {
    super(
      'The caller has left and does not wait for the result any more: its connection was closed, its time was over, or ' +
        'the Observable was unsubscribed. Stop what may be stopped; the lock is held until the work under it is over.',
      options,
    );
  }
}

nameError(CallerLeftError, 'CallerLeftError');
