import { RedlockBoardModule } from '../../../lib/board';
import { createLockService, LeaderOnly, LockKeyError, LockOptionsError, MemoryLockNode } from '../../../lib';
import { createTestingLockService } from '../../../lib/testing/create-testing-lock-service';
import { LockTester } from '../../../lib/testing/lock-tester';
import { checkBoardSettings } from '../../../lib/board/check-board-options';

/** Whatever code without types may pass. */
const any = (value: unknown) => value as never;

describe('bad input is refused in words', () => {
  it('by @LeaderOnly, for options that are none', () => {
    for (const options of [null, 7, 'x']) {
      expect(() => LeaderOnly('jobs', any(options))).toThrow(LockOptionsError);
    }
  });

  it.each(['jobs:<0>', 'jobs:<this.region>', "<'x'>"])('by @LeaderOnly, for the template %s', (name) => {
    expect(() => LeaderOnly(name)).toThrow(LockKeyError);
    expect(() => LeaderOnly(name)).toThrow(/without "<…>"/);
  });

  it('by the board, without options, as one that nobody said who may see', () => {
    for (const options of [undefined, null]) {
      const { providers = [] } = RedlockBoardModule.forRoot(any(options));

      expect(providers.length).toBeGreaterThan(0);
    }
    expect(() => checkBoardSettings({})).toThrow(/authorize: is missing/);
  });

  it.each(['permits', 'limit'])(
    'by the module, for %s among its defaults, which belongs to a call',
    (option) => {
      const create = () =>
        createLockService({ nodes: [new MemoryLockNode()], defaults: any({ [option]: 1 }) });

      expect(create).toThrow(/belongs to a single call/);
    },
  );

  it('by the module, for a maxTtl below a default ttl that nobody has written', () => {
    const create = () => createLockService({ nodes: [new MemoryLockNode()], maxTtl: 3_000 });

    expect(create).toThrow(/^defaults\.ttl: is not given.* 10000 .*maxTtl \(3000\).*defaults: \{ ttl/);
  });

  it('by fill() of a tester, for a limit that is none, and for other options', async () => {
    const locks = createTestingLockService({ nodes: [new MemoryLockNode()] });
    const tester = LockTester.of(locks);

    for (const options of [undefined, null, {}, { limit: 0 }, { limit: 3, foo: 1 }]) {
      await expect(tester.fill('api', any(options))).rejects.toThrow(LockOptionsError);
    }
    await locks.close();
  });
});
