import { LeaderOnly } from '../../../lib/nest/decorators/leader-only.decorator';
import { fencedDelete, fencedGet, fencedSet, readFence } from '../../../lib/fencing';
import type { ScriptClient } from '../../../lib/fencing/fenced-script';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { RedlockModule } from '../../../lib/nest/redlock.module';
import { createLockService } from '../../../lib/service/create-lock-service';
import type { LockService } from '../../../lib/service/lock.service';
import { createTestingLockService } from '../../../lib/testing/create-testing-lock-service';
import { LockTester } from '../../../lib/testing/lock-tester';

class Factory {
  createRedlockOptions(): never {
    throw new Error('is not asked here');
  }
}

/** A function as plain JavaScript sees it. */
const plain = (of: unknown) => of as (...args: unknown[]) => unknown;
const Constructor = MemoryLockNode as unknown as new (...args: unknown[]) => MemoryLockNode;

const forRootAsync = (options: unknown) =>
  RedlockModule.forRootAsync(options as Parameters<typeof RedlockModule.forRootAsync>[0]);

const NO_OBJECTS: unknown[] = [null, 7, 'x', true, [], () => 1];

describe('misuse that types would find is an error from plain JavaScript too, of', () => {
  let locks: LockService;
  const commands: unknown[] = [];
  const redis: ScriptClient = {
    evalsha: (...command) => Promise.resolve([1, commands.push(command)]),
    eval: (...command) => Promise.resolve([1, commands.push(command)]),
  };

  beforeEach(() => {
    commands.length = 0;
    locks = createLockService({ nodes: [new MemoryLockNode()], shutdownTimeout: 0 });
  });

  afterEach(() => locks.close());

  const refusal = async (call: () => unknown): Promise<string> => {
    try {
      return `no error, but ${String(await call())}`;
    } catch (error) {
      const { name, message } = error as Error;
      return `${name}: ${message}`;
    }
  };

  it('the options of a node in memory', async () => {
    for (const options of NO_OBJECTS) {
      expect(await refusal(() => new Constructor(options))).toMatch(
        /^LockOptionsError: options: must be an object/,
      );
    }
    expect(await refusal(() => new Constructor({ nam: 'x' }))).toMatch(
      /nam: is not an option of MemoryLockNode/,
    );
    for (const name of [7, '', null])
      expect(await refusal(() => new Constructor({ name }))).toMatch(/name: must be a text/);
    for (const clock of [7, {}, null, { now: () => 1 }])
      expect(await refusal(() => new Constructor({ clock }))).toMatch(/clock: must have the methods now/);
  });

  it('inject beside a class of options, and a provider that is none', async () => {
    for (const way of ['useClass', 'useExisting']) {
      const options = { [way]: Factory, inject: [Factory] };
      expect(await refusal(() => forRootAsync(options))).toMatch(
        /^LockOptionsError: inject: belongs to useFactory/,
      );
      // A module of the application that passes on what it was given passes on an empty list.
      expect(await refusal(() => forRootAsync({ ...options, inject: [] }))).toMatch(/^no error/);
    }
    for (const useExisting of [null, 7, {}, true])
      expect(await refusal(() => forRootAsync({ useExisting }))).toMatch(
        /^LockOptionsError: useExisting: must be a provider/,
      );
    expect(await refusal(() => forRootAsync({ useExisting: 'OPTIONS' }))).toMatch(/^no error/);
  });

  it('a resource of which the lock is asked', async () => {
    for (const resource of [null, 7, '', ['a'], { shared: 'a' }, Number.NaN])
      expect(await refusal(() => plain(locks.current.bind(locks))(resource))).toMatch(
        /^LockKeyError: A resource is/,
      );
    expect(locks.current()).toBeUndefined();
    expect(locks.current('a')).toBeUndefined();
  });

  it.each(['acquire', 'tryAcquire'] as const)(
    'a task that is given to %s, which would leave its lock',
    async (method) => {
      const call = () => plain(locks[method].bind(locks))('a', {}, () => 1);

      expect(await refusal(call)).toMatch(
        new RegExp(`^LockOptionsError: task: is not run by ${method}.* Use withLock`),
      );
      expect(await locks.isLocked('a')).toBe(false);
    },
  );

  it('the options of @LeaderOnly', async () => {
    expect(await refusal(() => plain(LeaderOnly)('jobs', []))).toMatch(
      /^LockOptionsError: options: must be an object/,
    );
  });

  it('the client, the key and the value of a fenced write, before Redis is asked', async () => {
    const lock = await locks.acquire('a', { fencing: true });
    for (const client of [null, undefined, 7, 'redis://a', {}])
      for (const verb of [fencedGet, fencedDelete])
        expect(await refusal(() => plain(verb)(client, 'k', lock))).toMatch(
          /^LockOptionsError: redis: must be a client/,
        );
    for (const key of [null, undefined, 7, '', {}, []]) {
      expect(await refusal(() => plain(fencedSet)(redis, key, 'v', lock))).toMatch(
        /^LockOptionsError: key: must be/,
      );
      expect(await refusal(() => plain(fencedGet)(redis, key, lock))).toMatch(
        /^LockOptionsError: key: must be/,
      );
    }
    for (const value of [null, undefined, {}, [], true, Number.NaN, Infinity, () => 1])
      expect(await refusal(() => plain(fencedSet)(redis, 'k', value, lock))).toMatch(
        /^LockOptionsError: value: must be/,
      );
    expect(commands).toEqual([]);
    expect(await refusal(() => fencedSet(redis, 'k', 0, lock))).toBe('no error, but undefined');
  });

  it('headers to read a fence from, and how', async () => {
    for (const headers of [null, undefined, 7, 'Fencing-Token: 7'])
      expect(await refusal(() => plain(readFence)(headers))).toMatch(/^LockOptionsError: headers: must be/);
    for (const options of NO_OBJECTS)
      expect(await refusal(() => plain(readFence)({}, options))).toMatch(
        /^LockOptionsError: options: must be/,
      );
    expect(await refusal(() => plain(readFence)({}, { maxahead: 1 }))).toMatch(
      /maxahead: is not an option of readFence/,
    );
  });

  it('how a test lets somebody else hold', async () => {
    const tested = createTestingLockService({ nodes: [] });
    const tester = LockTester.of(tested);
    for (const options of NO_OBJECTS)
      expect(await refusal(() => plain(tester.hold.bind(tester))('a', options))).toMatch(
        /^LockOptionsError: options/,
      );
    expect(await refusal(() => plain(tester.hold.bind(tester))('a', { mod: 'shared' }))).toMatch(
      /mod: is not a lock option/,
    );
    const ofTheApplication = { mode: 'shared', wait: 2_000, ttl: 5_000 } as const;
    await tester.hold('a', ofTheApplication);
    expect(await refusal(() => tester.hold('a', ofTheApplication))).toMatch(/^no error/);
    await tested.close();
  });
});
