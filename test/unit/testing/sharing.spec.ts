import { LockTester } from '../../../lib/testing';
import { createTestingLockService } from '../../../lib/testing/create-testing-lock-service';

function open() {
  const locks = createTestingLockService({ nodes: ['redis://a', 'redis://b', 'redis://c'] });
  return { locks, tester: LockTester.of(locks) };
}

describe('a test of readers and permits', () => {
  it('lets somebody else read, or hold some of the permits, or all that are left', async () => {
    const { locks, tester } = open();
    await using _reader = await tester.hold('report', { mode: 'shared' });
    await using held = await tester.hold('api', { limit: 5, permits: 2 });
    await using rest = await tester.fill('api', { limit: 5 });

    await expect(locks.acquire('report', { wait: 0 })).rejects.toMatchObject({ reason: 'shared' });
    expect((await locks.acquire('report', { mode: 'shared', wait: 0 })).isHeld).toBe(true);
    expect([...held.slots, ...rest.slots].sort()).toEqual([0, 1, 2, 3, 4]);
    await expect(locks.acquire('api', { limit: 5, wait: 0 })).rejects.toMatchObject({ code: 'LOCK_LIMIT' });
    await expect(tester.fill('api', { limit: 5 })).rejects.toThrow(/No permit/);
    await locks.close();
  });

  it('takes a resource from all readers of the application', async () => {
    const { locks, tester } = open();
    const readers = await Promise.all([0, 1].map(() => locks.acquire('report', { mode: 'shared' })));
    const signals = readers.map(({ signal }) => signal);

    await tester.loseLock('report');

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await (await tester.hold('report')).release();
    await locks.close();
  });
});
