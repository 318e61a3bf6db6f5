import { currentHandlerWork } from './handler-lock';

const followed = new WeakSet();

/**
 * Has the work of a handler followed by the interceptors that hold a lock around it.
 *
 * Nest calls handlers by their `apply`, on every transport, and that is the one place where the handler itself can be
 * seen: an interceptor is given a result that the interceptors behind it have had in their hands.
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
