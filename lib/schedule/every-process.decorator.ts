import { LockOptionsError } from '../errors/lock-options.error';

const EVERY_PROCESS = Symbol.for('nestjs-redlock:every process');

/**
 * Makes every process run a `@Cron` or `@Interval` method, although `RedlockScheduleModule` runs the others once
 * per fleet. Use it for work that each process does for itself, such as cleaning its own cache.
 *
 * @throws LockOptionsError on anything but a method of instances
 * @example
 * ```ts
 * @Interval(60_000)
 * @EveryProcess()
 * forgetOldEntries(): void { … }
 * ```
 */
export function EveryProcess(): MethodDecorator {
  return (target, _key, descriptor?: PropertyDescriptor) => {
    const method = descriptor?.value as unknown;
    if (typeof target === 'function' || typeof method !== 'function') {
      throw new LockOptionsError(
        '@EveryProcess',
        'must be put on a @Cron or @Interval method that is not static.',
      );
    }
    Reflect.defineMetadata(EVERY_PROCESS, true, method);
  };
}

export function runsInEveryProcess(method: object): boolean {
  return Reflect.getMetadata(EVERY_PROCESS, method) === true;
}
