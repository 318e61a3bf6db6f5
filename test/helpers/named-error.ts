import { LockError } from '../../lib/errors/lock.error';
import { LockOptionsError } from '../../lib/errors/lock-options.error';

/** Any refusal has a name and a code; what is wrong with an option tells which. */
export function expectNamed(error: unknown): void {
  expect(error).toBeInstanceOf(LockError);
  expect((error as LockError).code).toMatch(/^LOCK_[A-Z_]+$/);
  expect((error as LockError).message.length).toBeGreaterThan(10);
  expect((error as LockError).message.length).toBeLessThan(1_500);
  if (error instanceof LockOptionsError) expect(typeof error.option).toBe('string');
}

/** Whether it could be made; any refusal has a name. */
export function attempt(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch (error) {
    expectNamed(error);
    return false;
  }
}

/** Counts what got through, since a door that nothing passes would hide what is behind it. */
export class Tally {
  passed = 0;
  refused = 0;

  count(hasPassed: boolean): void {
    if (hasPassed) this.passed += 1;
    else this.refused += 1;
  }

  expectBoth(): void {
    expect(this.passed).toBeGreaterThan(10);
    expect(this.refused).toBeGreaterThan(10);
  }
}
