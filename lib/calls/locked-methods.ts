import type { WithLockOptions } from '../service/lock.service';
import { shared } from './shared';

/** A method that waits for a lock. */
export interface LockedMethod {
  /** The name of the decorator, for people: `@Locked`. */
  readonly decorator: string;
  readonly key: string | symbol;
  /** The name of its lock service. */
  readonly connection: string | undefined;
  /**
   * The options of the decorator. They are checked together with those of the module when the module has started.
   */
  readonly options: WithLockOptions;
  /** True if its key names resources that are only read beside others. */
  readonly isMixed?: boolean;
  /** The election in which the process has to lead, instead of a lock for each call. */
  readonly election?: string;
}

/** The methods are kept apart from the classes: reading a property of an unknown object may run its code. */
const lockedMethods = shared('locked methods', () => new WeakMap<object, LockedMethod[]>());

/** The functions that replace the methods. */
const wrappers = new WeakSet();

export function registerLockedMethod(prototype: object, method: LockedMethod, wrapper: object): void {
  wrappers.add(wrapper);
  const known = lockedMethods.get(prototype) ?? [];
  lockedMethods.set(prototype, [...known, method]);
}

/** The locked methods on exactly this prototype. */
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

/** Tells if exactly this function takes a lock, and not one that was put around it. */
export function isLocked(method: unknown): boolean {
  return typeof method === 'function' && wrappers.has(method);
}
