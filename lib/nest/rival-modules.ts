import type { ModulesContainer } from '@nestjs/core';
import { connectionOfToken, NAMELESS } from '../service/lock-service-token';
import { LOCK_SERVICE_FACTORY, REDLOCK_LOCK_SERVICE } from './redlock.constants';

/**
 * Warnings of global modules that give an application several lock services under one token. Nest does not mind: it
 * injects one or the other, and whoever got the one is not kept out by a lock of the other.
 *
 * Modules that are not global do not count: those who import one mean it.
 */
export function rivalModules(modules: ModulesContainer): string[] {
  const counts = new Map<unknown, number>();
  for (const { isGlobal, providers } of modules.values()) {
    if (!isGlobal || !providers.has(LOCK_SERVICE_FACTORY)) continue;
    const [token] = providers.get(REDLOCK_LOCK_SERVICE)?.inject ?? [];
    counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  return [...counts].flatMap(([token, count]) => (count > 1 ? [severalModules(token, count)] : []));
}

function severalModules(token: unknown, count: number): string {
  const name = connectionOfToken(token);
  const which = name === undefined || name === NAMELESS ? 'without a name' : `with the name "${name}"`;
  return (
    `${count} global RedlockModules ${which} make ${count} lock services. With other nodes or another keyPrefix, a lock ` +
    'of one does not keep out the callers of another. Import RedlockModule.forRoot() once, in the root module; or give ' +
    'each a name of its own; or set isGlobal: false, and import each where it is meant.'
  );
}
