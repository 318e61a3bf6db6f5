import { LockError, nameError } from './lock.error';

/**
 * A resource name, or a template that should give one, is wrong. Thrown before any node is asked. HTTP 500; 400 where a
 * client left out a value that the key needs, or sent a wrong one.
 */
export class LockKeyError extends LockError {
  readonly code = 'LOCK_KEY_INVALID';
  /** The template or resource in question. */
  readonly key: unknown;

  /** The template is right, and a request had no such value for it, or a wrong one. */
  readonly isFromClient: boolean;

  constructor(message: string, key: unknown, isFromClient = false) {
    super(message);
    this.key = key;
    this.isFromClient = isFromClient;
  }
}

nameError(LockKeyError, 'LockKeyError');

/**
 * One of a request that had no such value, or a wrong one: a class of its own, so that the Nest module can make these an
 * `HttpException`, and leave those that are faults of the application. To everybody else it is a `LockKeyError`.
 */
export class ClientKeyError extends LockKeyError {
  constructor(message: string, key: unknown) {
    super(message, key, true);
  }
}

for (const [name, value] of Object.entries({ name: 'LockKeyError', constructor: LockKeyError })) {
  Object.defineProperty(ClientKeyError.prototype, name, { value, writable: true, configurable: true });
}
