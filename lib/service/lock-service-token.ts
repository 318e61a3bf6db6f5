import type { InjectionToken } from '@nestjs/common';
import { LockOptionsError } from '../errors/lock-options.error';
import { LockService } from './lock.service';
import { noteThisCopy } from './copies';

noteThisCopy();

const NAMED = 'LockService:';

/**
 * The token under which a lock service can be injected, or overridden in a test.
 *
 * @param name the name of the RedlockModule; without it, the token is that of the module without a name, the class
 *   `LockService`
 *
 * @throws LockOptionsError for a value that is no name
 *
 * @example
 *   `{ provide: Billing, useFactory: (locks: LockService) => new Billing(locks), inject: [getLockServiceToken('billing')] }`
 */
export function getLockServiceToken(name?: string): InjectionToken<LockService> {
  if (name === undefined) return LockService;
  checkServiceName('name', name);
  return `${NAMED}${name}`;
}

/** How telemetry and the board call the lock service without a name. No service can have it as its name. */
export const NAMELESS = 'default';

/** The name in a token of a lock service; `'default'` for the one without a name; undefined for other tokens. */
export function connectionOfToken(token: unknown): string | undefined {
  if (token === LockService) return NAMELESS;
  return typeof token === 'string' && token.startsWith(NAMED) ? token.slice(NAMED.length) : undefined;
}

/** Checks the name of a lock service, in a module or at a method. */
export function checkServiceName(option: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') {
    throw new LockOptionsError(option, 'must be a string that is not empty, or be left out.');
  }
  if (name === NAMELESS) {
    throw new LockOptionsError(
      option,
      `is '${NAMELESS}', which stands for the lock service without a name. Leave it out.`,
    );
  }
}

/** Checks the name of a lock service where `'default'` says the one without a name. */
export function checkConnection(option: string, name: unknown): asserts name is string {
  if (name !== NAMELESS) checkServiceName(option, name);
}
