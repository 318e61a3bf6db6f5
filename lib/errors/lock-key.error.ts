import { LockError } from './lock.error';

/** A resource name, or a template that should give one, is wrong. Thrown before any node is asked. HTTP 500. */
export class LockKeyError extends LockError {
  readonly code = 'LOCK_KEY_INVALID';
  /** The template or resource in question. */
  readonly key: unknown;

  constructor(message: string, key: unknown) {
    super(message);
    this.key = key;
  }
}
