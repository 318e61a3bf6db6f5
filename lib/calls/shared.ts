import { LINE } from './version';

/**
 * What the copies of the library in one process have in common, made by the first of them. A monorepo may have several:
 * a decorator of one has to be understood by the module of another. Copies that do not work together share nothing.
 */
export function shared<T extends object>(name: string, make: () => T): T {
  const store = globalThis as unknown as Record<symbol, T | undefined>;
  return (store[Symbol.for(`nestjs-redlock:${LINE}:${name}`)] ??= make());
}
