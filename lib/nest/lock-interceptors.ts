import { INTERCEPTORS } from './route-metadata';

/** The classes that `LockInterceptor` has made. */
const interceptors = new WeakSet();

export function markLockInterceptor<T extends object>(type: T): T {
  interceptors.add(type);
  return type;
}

/** @param value a class, or an object of it */
export function isLockInterceptor(value: unknown): boolean {
  if (typeof value === 'function') return interceptors.has(value);
  return typeof value === 'object' && value !== null && interceptors.has(value.constructor);
}

/** Tells if a class or a method has a `LockInterceptor` of its own. */
export function isUnderLock(at: object): boolean {
  return ((Reflect.getMetadata(INTERCEPTORS, at) ?? []) as unknown[]).some(isLockInterceptor);
}
