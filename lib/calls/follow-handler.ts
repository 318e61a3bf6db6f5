import { currentHandlerWork } from './handler-lock';

const followed = new WeakSet();

/**
 * Makes the interceptors that hold a lock around a handler follow its work.
 *
 * Nest calls handlers by their `apply`, on every transport. Only there can the handler itself be seen: an
 * interceptor gets a result that the interceptors behind it may have changed.
 */
export function followHandler(handler: object | undefined): void {
  if (handler === undefined || followed.has(handler)) return;
  followed.add(handler);
  const method = handler as (...args: unknown[]) => unknown;
  Object.defineProperty(handler, 'apply', {
    configurable: true,
    writable: true,
    value(instance: unknown, args: unknown[]) {
      const call = (): unknown => Reflect.apply<unknown, unknown[], unknown>(method, instance, args);
      const work = currentHandlerWork();
      return work === undefined ? call() : work.run(method, call);
    },
  });
}
