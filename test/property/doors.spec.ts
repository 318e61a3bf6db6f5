import fc from 'fast-check';
import { checkRedlockOptions } from '../../lib/service/check-redlock-options';
import { createLockService, openLockService } from '../../lib/service/create-lock-service';
import { Locked } from '../../lib/nest/decorators/locked.decorator';
import { LockLostError } from '../../lib/errors/lock-lost.error';
import { LockOptionsError } from '../../lib/errors/lock-options.error';
import { LockInterceptor } from '../../lib/nest/lock.interceptor';
import type { RedlockOptions } from '../../lib/service/redlock-options.interface';
import type { LockService } from '../../lib/service/lock.service';
import { LockManager } from '../../lib/locking/lock-manager';
import type { Lock } from '../../lib/locking/api/lock.interface';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import { attempt, expectNamed, Tally } from '../helpers/named-error';
import { oddOptions, oddText, oddValue } from '../helpers/odd-values';
import { seeded } from '../helpers/seeded';
import { VirtualClock } from '../helpers/virtual-clock';

const OF_A_LOCK = {
  mode: ['exclusive', 'shared'],
  limit: [1, 5, 1_000],
  permits: [1, 2],
  fair: [true, false],
  ttl: [600, 10_000, 60_000],
  wait: [0, 1, 5_000, Infinity],
  signal: [new AbortController().signal, undefined],
  autoExtend: [true, false],
  maxHold: [1_000, Infinity],
  holdAtLeast: [0, 1],
  fencing: [true, false],
};
const OF_A_PLACE = {
  ...OF_A_LOCK,
  onBusy: ['throw', 'skip', () => 1],
  onLost: ['throw', 'ignore', () => 1],
  returns: ['promise', 'observable', 'async-generator'],
  connection: ['billing'],
  reentrant: [true, false],
};
const OF_A_MODULE = {
  keyPrefix: ['lock:', ''],
  nodeTimeout: [500, 1],
  maxTtl: [60_000],
  fencingTtl: [86_400_000],
  restartGuard: ['observed', 'strict', false],
  shutdownTimeout: [0, 10_000],
  defaults: [{}, { ttl: 5_000 }, { wait: 0 }],
  exceptionFilter: [true],
  isGlobal: [true],
  name: ['billing'],
};

const names = Object.keys(OF_A_PLACE);
const lockOptions = fc.oneof(
  { weight: 5, arbitrary: oddOptions(OF_A_LOCK) },
  { weight: 1, arbitrary: oddValue(names) },
);
const placedOptions = fc.oneof(
  { weight: 5, arbitrary: oddOptions(OF_A_PLACE) },
  { weight: 1, arbitrary: oddValue(names) },
);
/** What is only read, beside what is not. */
const targets = fc.array(
  fc.oneof(
    oddText,
    oddText.map((shared) => ({ shared })),
    oddValue(['shared']),
  ),
  {
    maxLength: 4,
  },
);
const resources = fc.oneof(
  { weight: 2, arbitrary: targets },
  { weight: 3, arbitrary: oddText },
  { weight: 2, arbitrary: fc.array(oddText, { maxLength: 4 }) },
  { weight: 2, arbitrary: fc.array(oddValue(), { maxLength: 3 }) },
  { weight: 2, arbitrary: oddValue(['0', 'length']) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(999, 1_000, 1_001, 2 ** 32 - 1).map((length) => new Array<string>(length)),
  },
);

const goodResources = fc.constantFrom<string | string[]>('order:7', ['b', 'a'], ['a', 'a', 'b']);

describe('whatever is given as', () => {
  let service: LockService;
  let tally: Tally;

  beforeEach(() => {
    tally = new Tally();
    service = createLockService({ nodes: [new MemoryLockNode()], shutdownTimeout: 0 });
  });

  afterEach(async () => {
    await service.close();
  });

  /** Nobody is left in line, and nothing is held. */
  async function expectNothingLeft(): Promise<void> {
    const lock = await service.tryAcquire(['order:7', 'a', 'b']);
    expect(lock).not.toBeNull();
    await lock?.release();
  }

  async function release(lock: Lock | null): Promise<void> {
    expect(lock).not.toBeNull();
    if (lock === null) return;
    expect(lock.isHeld || hasHadItsTime(lock)).toBe(true);
    await lock.release();
    // With `holdAtLeast` it stays for a millisecond.
    for (const resource of lock.resources) await service.forceRelease(resource);
  }

  /** With a `maxHold` of a millisecond. */
  function hasHadItsTime(lock: Lock): boolean {
    try {
      lock.assertHeld();
      return false;
    } catch (error) {
      return isOfMaxHold(error);
    }
  }

  function isOfMaxHold(error: unknown): boolean {
    return error instanceof LockLostError && error.reason === 'max-hold';
  }

  async function attemptAsync(call: () => Promise<unknown>): Promise<void> {
    let hasPassed = true;
    try {
      await call();
    } catch (error) {
      if (error instanceof Error && error.constructor.name.startsWith('Jest')) throw error;
      expectNamed(error);
      hasPassed = false;
    }
    tally.count(hasPassed);
  }

  it('options of the module is taken or refused by name', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          { weight: 6, arbitrary: oddOptions(OF_A_MODULE) },
          { weight: 2, arbitrary: oddOptions(OF_A_LOCK).map((defaults) => ({ defaults })) },
          { weight: 1, arbitrary: oddValue(Object.keys(OF_A_MODULE)) },
        ),
        (options) => {
          tally.count(attempt(() => checkRedlockOptions(options as RedlockOptions)));
        },
      ),
      seeded(600),
    );
    tally.expectBoth();
  });

  it('options of a lock gives a lock or is refused by name, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(goodResources, lockOptions, async (names, options) => {
        await attemptAsync(async () => release(await service.acquire(names, options as object)));
      }),
      seeded(400),
    );
    tally.expectBoth();
    await expectNothingLeft();
  });

  it('options of a single attempt gives a lock or is refused by name', async () => {
    await fc.assert(
      fc.asyncProperty(goodResources, lockOptions, async (names, options) => {
        await attemptAsync(async () => release(await service.tryAcquire(names, options as object)));
      }),
      seeded(300),
    );
    tally.expectBoth();
  });

  it('resources is locked or refused by name', async () => {
    await fc.assert(
      fc.asyncProperty(resources, async (names) => {
        await attemptAsync(async () => release(await service.acquire(names as string[])));
      }),
      seeded(400),
    );
    tally.expectBoth();
  });

  it('a resource to inspect, to release by force, or to ask the lock of, is taken or refused by name', async () => {
    await fc.assert(
      fc.asyncProperty(resources, async (name) => {
        await attemptAsync(() => service.inspect(name as string));
        await attemptAsync(() => service.forceRelease(name as string));
        tally.count(
          attempt(() => {
            expect(service.current(name as string)).toBeUndefined();
          }),
        );
      }),
      seeded(300),
    );
    tally.expectBoth();
  });

  it('options and task of withLock runs the task once, or is refused by name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(goodResources, resources),
        fc.oneof(lockOptions, placedOptions),
        fc.oneof(
          fc.constant('a task'),
          oddValue().filter((value) => typeof value !== 'function'),
        ),
        async (names, options, given) => {
          let runs = 0;
          const task = given === 'a task' ? () => (runs += 1) : given;
          const before = tally.passed;
          await attemptAsync(() =>
            typeof options === 'function'
              ? Promise.reject(new LockOptionsError('options', 'is a task here.'))
              : service
                  .withLock(names as string, options as object, task as () => number)
                  .catch((error: unknown) => {
                    if (!isOfMaxHold(error)) throw error;
                  }),
          );
          expect(runs).toBe(tally.passed - before);
        },
      ),
      seeded(2_000),
    );
    tally.expectBoth();
  });

  it('a ttl to extend by, or time that must be left, is taken or refused by name', async () => {
    // Time stands still: an extension to half a second is not over before the next one, however slow the machine is.
    const clock = new VirtualClock();
    const still = openLockService(
      { nodes: [new MemoryLockNode({ clock })], shutdownTimeout: 0 },
      (settings) => new LockManager({ ...settings, clock }),
    );
    const lock = await still.acquire('order:7', { ttl: 60_000 });
    await fc.assert(
      fc.asyncProperty(oddValue(), async (value) => {
        await attemptAsync(() => lock.extend(value as number));
        tally.count(
          attempt(() => {
            lock.assertHeld(value as number);
          }),
        );
      }),
      seeded(300),
    );
    tally.expectBoth();
    expect(await lock.release()).toBe('released');
    await still.close();
  });

  it.each([
    [
      'key and options of @Locked',
      (key: unknown, options: unknown) => Locked(key as string, options as object),
    ],
    [
      'key and options of LockInterceptor',
      (key: unknown, options: unknown) => LockInterceptor(key as string, options as object),
    ],
  ])('%s is taken or refused by name, where it stands', (_, place) => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom('order:7', () => 'a', ['a', 'b']),
          resources,
        ),
        fc.oneof(fc.constantFrom({}, undefined), placedOptions),
        (key, options) => {
          tally.count(attempt(() => place(key, options)));
        },
      ),
      seeded(400),
    );
    tally.expectBoth();
  });
});
