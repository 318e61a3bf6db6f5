import { LockError, nameError } from './lock.error';
import { printable } from './printable';

/** An option has an impossible value. Thrown before any node is asked. No value is replaced silently. */
export class LockOptionsError extends LockError {
  readonly code = 'LOCK_OPTIONS_INVALID';
  /** The option's name, such as `ttl` or `defaults.wait`. */
  readonly option: string;

  /**
   * @param place the place of the option, such as `@Locked on OrderService.pay`, if the stack does not lead there
   */
  constructor(option: string, message: string, place?: string) {
    super(`${place === undefined ? '' : `${place}: `}${option}: ${message}`);
    this.option = option;
  }

  /** @internal Returns this error with the place of the option. */
  at(place: string): LockOptionsError {
    return new LockOptionsError(this.option, this.message.slice(`${printable(this.option)}: `.length), place);
  }
}

nameError(LockOptionsError, 'LockOptionsError');
