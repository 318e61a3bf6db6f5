/** The metadata key by which Nest knows a handler that sends events. Nest does not export it. */
const SSE = '__sse__';

/** The classes of interceptors whose locks have no `maxHold`. */
const unbounded = new WeakSet();

export function isSseHandler(handler: unknown): boolean {
  return typeof handler === 'function' && Reflect.getMetadata(SSE, handler) === true;
}

/** Notes that an interceptor was made, for the lock service of an application. */
export function noteBounds(interceptor: object, isWithoutMaxHold: boolean): void {
  if (isWithoutMaxHold) unbounded.add(interceptor);
  else unbounded.delete(interceptor);
}

/** @param value a class, or an object of it */
export function isUnbounded(value: unknown): boolean {
  if (typeof value === 'function') return unbounded.has(value);
  return typeof value === 'object' && value !== null && unbounded.has(value.constructor);
}

/** @param handler `Class.method` */
export const endlessStream = (handler: string): string =>
  `${handler} sends events under a lock without maxHold, so a client that stays connected keeps the lock without an end. ` +
  'Set maxHold there or in the defaults of the module (Infinity: no end is wanted).';
