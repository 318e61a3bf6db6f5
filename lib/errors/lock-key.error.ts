import { LockError, nameError } from './lock.error';

/**
 * A resource name is wrong, or a template that should give one. Thrown before any node is asked. HTTP 500; 400 if
 * a client left out a value that the key needs, or sent a wrong one.
 */
export class LockKeyError extends LockError {
  readonly code = 'LOCK_KEY_INVALID';
  /** The template or resource that is wrong. */
  readonly key: unknown;

  /** True if the template is right, but a request had no value for it, or a wrong one. */
  readonly isFromClient: boolean;

  constructor(message: string, key: unknown, isFromClient = false) {
    super(message);
    this.key = key;
    this.isFromClient = isFromClient;
  }
}

nameError(LockKeyError, 'LockKeyError');

/**
 * The error of a request that had no value for a key, or a wrong one. It has a class of its own, so that the Nest
 * module can make these errors an `HttpException`, but not those that are faults of the application. For all other
 * code it is a `LockKeyError`.
 */
export class ClientKeyError extends LockKeyError {
  constructor(message: string, key: unknown) {
    super(message, key, true);
  }
}

for (const [name, value] of Object.entries({ name: 'LockKeyError', constructor: LockKeyError })) {
  Object.defineProperty(ClientKeyError.prototype, name, { value, writable: true, configurable: true });
}
