/** Where Nest keeps that a handler sends events; it exports the constant to nobody. */
const SSE = '__sse__';

/** Classes of interceptors whose locks have no `maxHold`. */
const unbounded = new WeakSet();

export function isSseHandler(handler: unknown): boolean {
  return typeof handler === 'function' && Reflect.getMetadata(SSE, handler) === true;
}

/** An object of it was made, for the lock service of an application. */
export function noteBounds(interceptor: object, isWithoutMaxHold: boolean): void {
  if (isWithoutMaxHold) unbounded.add(interceptor);
  else unbounded.delete(interceptor);
}

/** @param value a class, or an object of it */
export function isUnbounded(value: unknown): boolean {
  if (typeof value === 'function') return unbounded.has(value);
  return typeof value === 'object' && value !== null && unbounded.has(value.constructor);
}
