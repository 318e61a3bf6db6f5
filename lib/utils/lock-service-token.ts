import type { InjectionToken } from '@nestjs/common';
import { LockService } from '../lock.service';

/**
 * The token under which a lock service can be injected, or overridden in a test.
 *
 * @param name of the RedlockModule; without it, that of the module without a name, which is the class `LockService`
 *
 * @example `{ provide: Billing, useFactory: (locks: LockService) => new Billing(locks), inject: [getLockServiceToken('billing')] }`
 */
export function getLockServiceToken(name?: string): InjectionToken<LockService> {
  return name === undefined ? LockService : `LockService:${name}`;
}
