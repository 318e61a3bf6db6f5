import { LINE } from '../service/version';

/**
 * Returns an object that all copies of the library in one process share. The first copy makes it. A monorepo may
 * have several copies, and the module of one has to understand a decorator of another. Copies of incompatible
 * versions share nothing.
 */
export function shared<T extends object>(name: string, make: () => T): T {
  const store = globalThis as unknown as Record<symbol, T | undefined>;
  return (store[Symbol.for(`nestjs-redlock:${LINE}:${name}`)] ??= make());
}
