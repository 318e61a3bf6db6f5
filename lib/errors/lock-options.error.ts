import { LockError } from './lock.error';

/** An option has a value that cannot be meant. Thrown before any node is asked; nothing is replaced silently. */
export class LockOptionsError extends LockError {
  readonly code = 'LOCK_OPTIONS_INVALID';
  /** The option's name, such as `ttl` or `defaults.wait`. */
  readonly option: string;

  constructor(option: string, message: string) {
    super(`${option}: ${message}`);
    this.option = option;
  }
}
