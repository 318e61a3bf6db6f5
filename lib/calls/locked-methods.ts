import type { WithLockOptions } from '../service/lock.service';
import { shared } from './shared';

/** A method that waits for a lock. */
export interface LockedMethod {
  readonly key: string | symbol;
  /** The name of the lock service it uses. */
  readonly connection: string | undefined;
  /** The options as they stand at the class. They meet those of the module when the module has started. */
  readonly options: WithLockOptions;
  /** Whether its key names resources that are only read beside others. */
  readonly isMixed?: boolean;
  /** The election in which the process has to lead, in place of a lock for each call. */
  readonly election?: string;
}

/** Kept apart from the classes: asking a stranger's object for a property may run its code. */
const lockedMethods = shared('locked methods', () => new WeakMap<object, LockedMethod[]>());

/** The functions that stand in the place of the methods. */
const wrappers = new WeakSet();

export function registerLockedMethod(prototype: object, method: LockedMethod, wrapper: object): void {
  wrappers.add(wrapper);
  const known = lockedMethods.get(prototype) ?? [];
  lockedMethods.set(prototype, [...known, method]);
}

/** The locked methods that stand on just this prototype. */
export function ownLockedMethodsOf(prototype: object): readonly LockedMethod[] {
  return lockedMethods.get(prototype) ?? [];
}

/** The locked methods that an object of this prototype has, inherited ones included. */
export function lockedMethodsOf(prototype: object | null): LockedMethod[] {
  const methods: LockedMethod[] = [];
  for (let at = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    methods.push(...(lockedMethods.get(at) ?? []));
  }
  return methods;
}

/** Whether that function itself takes a lock, and not one that was put around it. */
export function isLocked(method: unknown): boolean {
  return typeof method === 'function' && wrappers.has(method);
}
