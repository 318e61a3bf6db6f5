import { LockError, nameError } from './lock.error';
import { quoteResources } from './quote-resources';

/** The running code holds the resource already, in another way than it asks for now. It would wait for itself. */
export class LockReentrancyError extends LockError {
  readonly code = 'LOCK_REENTRANCY';
  readonly resources: readonly string[];

  constructor(resources: readonly string[], why: string) {
    super(`${quoteResources(resources)} is already locked by the code that asks for it: ${why}`);
    this.resources = resources;
  }
}

nameError(LockReentrancyError, 'LockReentrancyError');
