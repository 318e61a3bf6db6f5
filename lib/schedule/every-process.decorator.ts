const EVERY_PROCESS = Symbol.for('nestjs-redlock:every process');

/**
 * Leaves a `@Cron` or `@Interval` method to every process, where `RedlockScheduleModule` has the others run once per
 * fleet: for what each process does for itself, such as to look after its own cache.
 *
 * @example
 * ```ts
 * @Interval(60_000)
 * @EveryProcess()
 * forgetOldEntries(): void { … }
 * ```
 */
export function EveryProcess(): MethodDecorator {
  return (_target, _key, descriptor: PropertyDescriptor) => {
    Reflect.defineMetadata(EVERY_PROCESS, true, descriptor.value as object);
  };
}

export function runsInEveryProcess(method: object): boolean {
  return Reflect.getMetadata(EVERY_PROCESS, method) === true;
}
