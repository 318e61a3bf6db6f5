import { LockOptionsError } from '../errors/lock-options.error';
import { LOCK_SERVICE_FACTORY } from '../nest/redlock.constants';
import { createTestingLockService } from './create-testing-lock-service';

/** What is needed of the builder that `Test.createTestingModule` returns. */
export interface ProviderOverrides {
  overrideProvider(token: unknown): { useValue(value: unknown): unknown };
}

/**
 * Puts every RedlockModule of an application under test on nodes of the process: as many as it has, each module its own.
 * Options, names, `@Locked` methods and the exception filter stay what they are; no Redis is connected.
 * Where `shutdownTimeout` is not given, it is 1,000.
 *
 * @returns the same builder
 * @throws LockOptionsError for what is no such builder
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
