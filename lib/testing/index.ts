export { RedlockTestingModule } from './redlock-testing.module';
export type { RedlockTestingOptions } from './redlock-testing.module';
export { LockTester } from './lock-tester';
export type { HoldOptions } from './lock-tester';
export { useRedlockTesting } from './use-redlock-testing';
export type { ProviderOverrides } from './use-redlock-testing';
