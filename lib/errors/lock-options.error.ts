import { LockError, nameError } from './lock.error';
import { printable } from './printable';

/** An option has a value that is not possible. Thrown before any node is asked; no value is replaced silently. */
export class LockOptionsError extends LockError {
  readonly code = 'LOCK_OPTIONS_INVALID';
  /** The option's name, such as `ttl` or `defaults.wait`. */
  readonly option: string;

  /** @param place where the option stands, such as `@Locked on OrderService.pay`, if the stack does not lead there */
  constructor(option: string, message: string, place?: string) {
    super(`${place === undefined ? '' : `${place}: `}${option}: ${message}`);
    this.option = option;
  }

  /** @internal The same error, of an option that stands there. */
  at(place: string): LockOptionsError {
    return new LockOptionsError(this.option, this.message.slice(`${printable(this.option)}: `.length), place);
  }
}

nameError(LockOptionsError, 'LockOptionsError');
