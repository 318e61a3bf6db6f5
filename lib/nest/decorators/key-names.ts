import { LockOptionsError } from '../../errors/lock-options.error';
import { shared } from '../../calls/shared';

/** The positions of the parameters that `@LockKey()` has named. */
export type KeyNames = ReadonlyMap<string, number>;

/** The names are kept apart from the classes, as the locked methods are. */
const named = shared(
  'lock key names',
  () => new WeakMap<object, Map<string | symbol, Map<string, number>>>(),
);

/** @throws LockOptionsError if another parameter of the method has that name */
export function nameKeyParameter(
  prototype: object,
  propertyKey: string | symbol,
  name: string,
  index: number,
): void {
  const methods = named.get(prototype) ?? new Map<string | symbol, Map<string, number>>();
  const names = methods.get(propertyKey) ?? new Map<string, number>();
  if (names.has(name)) {
    throw new LockOptionsError('@LockKey', `names two parameters of ${String(propertyKey)} "${name}".`);
  }
  named.set(prototype, methods.set(propertyKey, names.set(name, index)));
}

/**
 * The names are complete when the method is decorated: TypeScript decorates the parameters of a method before it.
 */
export function keyNamesOf(prototype: object, propertyKey: string | symbol): KeyNames {
  return named.get(prototype)?.get(propertyKey) ?? NONE;
}

const NONE: KeyNames = new Map();
