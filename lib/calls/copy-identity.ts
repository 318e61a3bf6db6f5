/**
 * Makes `wrapper` look like `original` to everything that reads functions: name, length, own properties, prototype, and
 * the metadata that decorators below left on it (routes, guards, crons, listeners, documentation). Decorators above
 * write to the wrapper from then on.
 */
export function copyIdentity(original: object, wrapper: object): void {
  for (const key of Reflect.ownKeys(original)) {
    const mine = Object.getOwnPropertyDescriptor(wrapper, key);
    const theirs = Object.getOwnPropertyDescriptor(original, key);
    if (theirs !== undefined && mine?.configurable !== false) Object.defineProperty(wrapper, key, theirs);
  }
  Object.setPrototypeOf(wrapper, Object.getPrototypeOf(original) as object | null);
  for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), wrapper);
  }
}
