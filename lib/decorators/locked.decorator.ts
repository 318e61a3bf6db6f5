import { LockBusyError } from '../errors/lock-busy.error';
import { LockNotBoundError } from '../errors/lock-not-bound.error';
import { LockOptionsError } from '../errors/lock-options.error';
import type { LockKey } from '../interfaces/lock-key.interface';
import type { LockedDecorator } from '../interfaces/locked-decorator.interface';
import type { LockedOptions, OnBusy } from '../interfaces/locked-options.interface';
import { checkPlacedOptions } from '../utils/check-placed-options';
import { copyIdentity } from '../utils/copy-identity';
import { boundLockService, injectBinding } from '../utils/lock-service-binding';
import { compileLockKey } from '../utils/lock-key';
import { registerLockedMethod } from '../utils/locked-methods';
import { methodKeySource } from '../utils/method-key';

interface MethodDescriptor extends PropertyDescriptor {
  value: (this: object, ...args: unknown[]) => unknown;
}

/**
 * Runs the method under a lock: one caller at a time per key, in all processes that use the same nodes.
 *
 * A call waits for the lock (`wait`), runs, and gives the lock back. It rejects with
 * - `LockBusyError` when somebody else held the lock all that time (see `onBusy`)
 * - `LockUnavailableError` when too few nodes answered
 * - `LockLostError` when the method succeeded, but the lock was lost meanwhile
 * - `LockKeyError` when a value is missing in the key
 * - `LockNotBoundError` when the object knows no lock service
 * - whatever the method rejects with
 *
 * In these cases but the third and the last the method has not run. On a controller it sees the arguments after the
 * pipes, inside guards and interceptors; to hold the lock around those, use `LockInterceptor`.
 *
 * @param key what is locked: a template, several, or a function that gets what the method gets
 * @throws LockKeyError, LockOptionsError when the class is defined, for what can be seen then
 *
 * @example
 * ```ts
 * @Locked('order:<0>')
 * async pay(orderId: string) { … }
 *
 * @Locked(['account:<0.from>', 'account:<0.to>'], { ttl: 5_000, wait: 2_000 })   // all or nothing
 * async transfer(dto: TransferDto) { … }
 * ```
 */
export function Locked<const K extends LockKey, B extends OnBusy>(
  key: K,
  options: LockedOptions<B> = {},
): LockedDecorator<K, B> {
  const resolve = compileLockKey(key, methodKeySource);
  checkPlacedOptions(options);
  const { onBusy = 'throw', connection, ...lockOptions } = options;

  return (target: object, propertyKey: string | symbol, descriptor?: PropertyDescriptor) => {
    assertMethod(target, propertyKey, descriptor);
    const original = descriptor.value;

    const locked = async function (this: object | undefined, ...args: unknown[]): Promise<unknown> {
      const service = this === undefined ? undefined : boundLockService(this, connection);
      if (this === undefined || service === undefined) {
        throw new LockNotBoundError(methodName(target, propertyKey), connection);
      }
      // Told apart by this and not by the error: a method that runs under the lock may itself find another one busy.
      let hasStarted = false as boolean;
      try {
        return await service.withLock(resolve({ instance: this, args }), lockOptions, () => {
          hasStarted = true;
          return original.apply(this, args);
        });
      } catch (error) {
        if (hasStarted || onBusy === 'throw' || !(error instanceof LockBusyError)) throw error;
        return onBusy === 'skip' ? undefined : onBusy.apply(this, args);
      }
    };

    copyIdentity(original, locked);
    descriptor.value = locked;
    injectBinding(target, connection);
    registerLockedMethod(target, { name: String(propertyKey), connection });
  };
}

function assertMethod(
  target: object,
  propertyKey: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): asserts descriptor is MethodDescriptor {
  const name = methodName(target, propertyKey);
  if (typeof target === 'function') {
    throw new LockOptionsError(
      '@Locked',
      `${name} is static, and a class has no lock service. Make it a method of an injectable class.`,
    );
  }
  if (typeof descriptor?.value !== 'function') {
    throw new LockOptionsError(
      '@Locked',
      `${name} is not a method. Write it as "async ${String(propertyKey)}() { … }".`,
    );
  }
}

function methodName(target: object, propertyKey: string | symbol): string {
  const type = typeof target === 'function' ? target : target.constructor;
  return `${type.name}.${String(propertyKey)}`;
}
