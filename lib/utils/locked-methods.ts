/** A method that waits for a lock. */
export interface LockedMethod {
  readonly name: string;
  /** The name of the lock service it uses. */
  readonly connection: string | undefined;
}

/** Kept apart from the classes: asking a stranger's object for a property may run its code. */
const lockedMethods = new WeakMap<object, LockedMethod[]>();

export function registerLockedMethod(prototype: object, method: LockedMethod): void {
  const known = lockedMethods.get(prototype) ?? [];
  lockedMethods.set(prototype, [...known, method]);
}

/** The locked methods that an object of this prototype has, inherited ones included. */
export function lockedMethodsOf(prototype: object | null): LockedMethod[] {
  const methods: LockedMethod[] = [];
  for (let at = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    methods.push(...(lockedMethods.get(at) ?? []));
  }
  return methods;
}
