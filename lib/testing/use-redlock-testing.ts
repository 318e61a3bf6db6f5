import { LockOptionsError } from '../errors/lock-options.error';
import { LOCK_SERVICE_FACTORY } from '../nest/redlock.constants';
import { createTestingLockService } from './create-testing-lock-service';

/** The part of the builder of `Test.createTestingModule` that is used. */
export interface ProviderOverrides {
  overrideProvider(token: unknown): { useValue(value: unknown): unknown };
}

/**
 * Puts every RedlockModule of an application under test on nodes in the process: each module gets as many as it
 * had (three, if its `nodes` are no list, or an empty one), and shares them with no other. Options, names, `@Locked` methods and the exception filter stay the same. No
 * Redis is connected. If `shutdownTimeout` is not given, it is 1,000.
 *
 * @returns the same builder
 * @throws LockOptionsError if it is no such builder
 *
 * @example
 * ```ts
 * const module = await useRedlockTesting(Test.createTestingModule({ imports: [AppModule] })).compile();
 * const tester = LockTester.of(module.get(LockService));
 * ```
 */
export function useRedlockTesting<B extends ProviderOverrides>(builder: B): B {
  if (typeof (builder as Partial<ProviderOverrides> | undefined)?.overrideProvider !== 'function') {
    throw new LockOptionsError(
      'builder',
      'must be what Test.createTestingModule() returns, before its compile().',
    );
  }
  builder.overrideProvider(LOCK_SERVICE_FACTORY).useValue(createTestingLockService);
  return builder;
}
