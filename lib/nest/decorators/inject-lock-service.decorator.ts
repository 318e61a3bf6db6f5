import { Inject } from '@nestjs/common';
import { getLockServiceToken } from '../../service/lock-service-token';

/**
 * Injects the lock service of the RedlockModule with that name.
 *
 * @param name without it, the module without a name is meant; `constructor(private locks: LockService)` does the
 *   same
 *
 * @example `constructor(@InjectLockService('billing') private readonly locks: LockService) {}`
 */
export function InjectLockService(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getLockServiceToken(name));
}
