import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { config } from 'rxjs';
import { LockBusyError } from '../../../lib/errors/lock-busy.error';
import { LockKeyError } from '../../../lib/errors/lock-key.error';
import { LockLostError } from '../../../lib/errors/lock-lost.error';
import { LockOptionsError } from '../../../lib/errors/lock-options.error';
import { LockReentrancyError } from '../../../lib/errors/lock-reentrancy.error';
import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';
import type { LockOptions } from '../../../lib/locking/api/lock-options';
import type { LockService } from '../../../lib/service/lock.service';
import type { Lock } from '../../../lib/locking/api/lock.interface';
import { Fleet } from '../../helpers/fleet';
import { settle } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const FREE = [null, null, null];

function setUp() {
  const fleet = new Fleet(3);
  const { service, events, eventTypes } = fleet.process();
  return { fleet, clock: fleet.clock, nodes: fleet.nodes, service, events, eventTypes };
}

/** How many locks the running code would look through. Looks inside: from outside, a leak shows only after days. */
function rememberedBy(service: LockService): number {
  interface Frame {
    readonly outer: Frame | undefined;
  }
  const { context } = service as unknown as {
    context: { storage: { getStore(): Frame | undefined } };
  };
  let count = 0;
  for (let frame = context.storage.getStore(); frame !== undefined; frame = frame.outer) count += 1;
  return count;
}

/** Lets a task be ended from outside. */
function gate(): { open: () => void; opened: Promise<void> } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('LockService', () => {
  describe('tryAcquire', () => {
    it('gives the lock when it is free', async () => {
      const { service } = setUp();

      expect((await service.tryAcquire('order:7'))?.isHeld).toBe(true);
    });

    it('gives null at once when somebody else has it, in this process or another', async () => {
      const { fleet, service } = setUp();
      await service.acquire('here');
      await fleet.process().service.acquire('there');

      expect(await service.tryAcquire('here')).toBeNull();
      expect(await service.tryAcquire('there')).toBeNull();
    });

    it('gives null when one of several is taken, and takes none', async () => {
      const { fleet, service } = setUp();
      await fleet.process().service.acquire('b');

      expect(await service.tryAcquire(['a', 'b'])).toBeNull();
      expect(await fleet.owners('a')).toEqual(FREE);
    });

    it('throws during an outage', async () => {
      const { nodes, service } = setUp();
      for (const node of nodes) node.refuse();

      await expect(service.tryAcquire('order:7')).rejects.toThrow(LockUnavailableError);
    });

    it('throws for what cannot be meant', async () => {
      const { service } = setUp();

      await expect(service.tryAcquire('')).rejects.toThrow(LockKeyError);
      await expect(service.tryAcquire('a', { ttl: -1 })).rejects.toThrow(LockOptionsError);
    });
  });

  describe('withLock', () => {
    it('runs the task under the lock, gives its result, and releases', async () => {
      const { fleet, service } = setUp();
      let owners: (string | null)[] = [];

      const result = await service.withLock('order:7', async (lock) => {
        owners = await fleet.owners('order:7');
        return lock.ownerToken;
      });

      expect(owners).toEqual([result, result, result]);
      expect(await fleet.owners('order:7')).toEqual(FREE);
    });

    it('takes a task that is not async', async () => {
      const { service } = setUp();

      await expect(service.withLock('order:7', { ttl: 2_000 }, () => 42)).resolves.toBe(42);
    });

    it('lets one task run at a time', async () => {
      const { service } = setUp();
      let inside = 0;
      let most = 0;

      await Promise.all(
        Array.from({ length: 50 }, () =>
          service.withLock('order:7', async () => {
            most = Math.max(most, ++inside);
            await settle();
            inside -= 1;
          }),
        ),
      );

      expect(most).toBe(1);
    });

    it.each([
      ['rejects', () => Promise.reject(new TypeError('mine'))],
      [
        'throws',
        () => {
          throw new TypeError('mine');
        },
      ],
    ])("passes the task's own error when it %s, and releases", async (_, task) => {
      const { fleet, service } = setUp();

      await expect(service.withLock('order:7', task)).rejects.toThrow(new TypeError('mine'));
      expect(await fleet.owners('order:7')).toEqual(FREE);
    });

    it('rejects with a LockLostError when the key was stolen while the task ran', async () => {
      const { nodes, service } = setUp();

      const run = service.withLock('order:7', async () => {
        for (const node of nodes) await node.steal('order:7');
        return 'done';
      });

      await expect(run).rejects.toThrow(LockLostError);
      await expect(run).rejects.toMatchObject({ reason: 'gone' });
    });

    it('rejects with a LockLostError when the event loop was blocked past the validity', async () => {
      const { clock, service } = setUp();

      const run = service.withLock('order:7', { ttl: 1_000 }, () => {
        clock.stall(1_000);
        return 'done';
      });

      await expect(run).rejects.toMatchObject({ code: 'LOCK_LOST', reason: 'expired' });
    });

    it("passes the task's own error even when the lock was lost", async () => {
      const { nodes, service } = setUp();

      const run = service.withLock('order:7', async () => {
        for (const node of nodes) await node.steal('order:7');
        throw new TypeError('mine');
      });

      await expect(run).rejects.toThrow(new TypeError('mine'));
    });

    it.each<[string, () => Promise<string>, object]>([
      ['result', () => Promise.resolve('done'), { state: 'resolved', value: 'done' }],
      ['error', () => Promise.reject(new Error('failed')), { state: 'rejected', error: new Error('failed') }],
    ])('gives the %s when the nodes have answered the release', async (_, task, given) => {
      const { clock, nodes, service } = setUp();
      for (const node of nodes) node.latencyMs = 20;
      const result = watch(service.withLock('order:7', task));

      await clock.advance(30);
      expect(result.state).toBe('pending');
      await clock.advance(20);

      expect(result).toMatchObject(given);
    });

    it('gives the result although no node answers the release', async () => {
      const { clock, nodes, service } = setUp();

      const run = watch(
        service.withLock('order:7', () => {
          for (const node of nodes) node.fault = 'deaf';
          return 'done';
        }),
      );
      await clock.advance(500);

      expect(run).toEqual({ state: 'resolved', value: 'done' });
    });

    it('gives the result of a task that released its lock itself', async () => {
      const { service } = setUp();

      const run = service.withLock('order:7', async (lock) => {
        await lock.release();
        return 'done';
      });

      await expect(run).resolves.toBe('done');
    });

    it('does not run the task when the lock is busy', async () => {
      const { fleet, service } = setUp();
      await fleet.process().service.acquire('order:7');
      const task = jest.fn();

      await expect(service.withLock('order:7', { wait: 0 }, task)).rejects.toThrow(LockBusyError);
      expect(task).not.toHaveBeenCalled();
    });

    it('refuses a call without a task', async () => {
      const { service } = setUp();

      await expect(service.withLock('order:7', {} as () => void)).rejects.toThrow(/needs a task/);
    });

    it.each([
      ['options', null],
      ['options', 5],
      ['reentrant', { reentrant: 'no' }],
      ['reentrant', { reentrant: null }],
      ['ttl', { ttl: 0 }],
    ])('refuses a wrong value of %s: %p', async (option, options) => {
      const { nodes, service } = setUp();

      const run = service.withLock('order:7', options as never, () => 1);

      await expect(run).rejects.toThrow(LockOptionsError);
      await expect(run).rejects.toMatchObject({ option });
      expect(nodes[0]?.sent).toEqual([]);
    });

    it('takes undefined options as none', async () => {
      const { service } = setUp();

      await expect(service.withLock('order:7', undefined as never, () => 42)).resolves.toBe(42);
    });
  });

  describe('code that holds a lock already', () => {
    it('enters again at once, under the same lock', async () => {
      const { nodes, service } = setUp();

      const same = await service.withLock('order:7', (outer) =>
        service.withLock('order:7', (inner) => inner === outer),
      );

      expect(same).toBe(true);
      expect(nodes[0]?.count('acquire')).toBe(1);
    });

    it('enters again for some of what it holds', async () => {
      const { service } = setUp();

      await expect(service.withLock(['a', 'b'], () => service.withLock('b', () => 42))).resolves.toBe(42);
    });

    it('keeps it until the last of its tasks is done, waited for or not', async () => {
      const { service } = setUp();
      const child = gate();
      let lock: Lock | undefined;
      let inner: Promise<void> | undefined;

      await service.withLock('order:7', (held) => {
        lock = held;
        inner = service.withLock('order:7', () => child.opened);
      });
      expect(lock?.isHeld).toBe(true);
      child.open();
      await inner;

      expect(lock?.isHeld).toBe(false);
    });

    it('is told of the loss in every task that shares it', async () => {
      const { nodes, service } = setUp();
      const losses: unknown[] = [];

      const run = service.withLock('order:7', async () => {
        await service
          .withLock('order:7', async (lock) => {
            for (const node of nodes) await node.steal('order:7');
            await lock.extend().catch(() => undefined);
          })
          .catch((error: unknown) => losses.push(error));
      });

      await expect(run).rejects.toMatchObject({ reason: 'gone' });
      expect(losses).toEqual([expect.objectContaining({ reason: 'gone' })]);
    });

    it('is told of a loss that only the clock knows of, in the task that entered again', async () => {
      const { clock, service } = setUp();
      let inner: Promise<string> | undefined;

      const run = service.withLock('order:7', { autoExtend: false }, async () => {
        inner = service.withLock('order:7', () => {
          // The event loop is blocked for longer than the lock lasts, so no timer has told.
          clock.stall(10_000);
          return 'done';
        });
        await inner.catch(() => undefined);
      });

      await expect(run).rejects.toMatchObject({ reason: 'expired' });
      await expect(inner).rejects.toMatchObject({ reason: 'expired' });
    });

    it('holds all of its locks, whichever it entered again in between', async () => {
      const { service } = setUp();
      const held = (...names: string[]) => names.map((name) => service.current(name)?.isHeld);

      await service.withLock('a', () =>
        service.withLock('b', () =>
          service.withLock('c', () =>
            service.withLock('b', async () => {
              expect(service.current()?.resources).toEqual(['b']);
              expect(held('a', 'b', 'c')).toEqual([true, true, true]);
              await service.withLock('a', () => {
                expect(held('a', 'b', 'c')).toEqual([true, true, true]);
              });
            }),
          ),
        ),
      );

      expect(service.current()).toBeUndefined();
    });

    it('holds the lock further out when the one inside has ended', async () => {
      const { service } = setUp();
      const later = gate();
      let seen: unknown;

      await service.withLock('a', async () => {
        await service.withLock('b', () => {
          // This code goes on after b was released.
          void later.opened.then(() => (seen = service.current()?.resources));
        });
        later.open();
        await settle();
      });

      expect(seen).toEqual(['a']);
    });

    it.each([
      [
        'takes the next lock before it releases its own',
        (service: LockService, step: number, next: () => void) => {
          void service.withLock(`page:${step % 7}`, async () => {
            next();
            await settle();
          });
        },
      ],
      [
        'enters its lock again and again',
        (service: LockService, step: number, next: () => void) => {
          void service.withLock('leader', async () => {
            void service.withLock(`page:${step % 7}`, () => undefined);
            next();
            await settle();
          });
        },
      ],
    ])('remembers no more than the locks that it holds in a chain that %s', async (_, start) => {
      const { service } = setUp();
      const lengths: number[] = [];
      await new Promise<void>((resolve) => {
        const step = (count: number) => {
          start(service, count, () => {
            lengths.push(rememberedBy(service));
            setImmediate(() => {
              if (count < 50) step(count + 1);
              else resolve();
            });
          });
        };
        step(1);
      });

      expect(Math.max(...lengths)).toBeLessThanOrEqual(10);
      await settle();
    });

    it('keeps no lock that is over in memory, whatever goes on in its context', async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const { service } = setUp();
      const locks: WeakRef<Lock>[] = [];
      const last = gate();
      const chain = (step: number, before: () => void): Promise<void> =>
        service.withLock(`page:${step % 7}`, async (lock) => {
          locks.push(new WeakRef(lock));
          before();
          const own = gate();
          // The next one begins in the context of this one, which ends when that holds its lock.
          if (step < 50) setImmediate(() => void chain(step + 1, own.open));
          await (step === 50 ? last.opened : own.opened);
        });

      await chain(1, () => undefined);
      while (locks.length < 50) await settle();
      for (let turn = 0; turn < 10; turn++) {
        collect();
        await settle();
      }

      expect(locks.filter((lock) => lock.deref() !== undefined).length).toBeLessThanOrEqual(3);
      last.open();
      await settle();
    });

    it('is refused with reentrant: false', async () => {
      const { service } = setUp();

      await service.withLock('order:7', async () => {
        const again = service.withLock('order:7', { reentrant: false }, () => 1);
        await expect(again).rejects.toThrow(LockReentrancyError);
      });
    });

    it('is refused when it asks for more than it holds, since it would wait for itself', async () => {
      const { service } = setUp();

      await service.withLock('a', async () => {
        await expect(service.withLock(['a', 'b'], () => 1)).rejects.toThrow(LockReentrancyError);
      });
    });

    it.each<[string, LockOptions, LockOptions, LockOptions | undefined]>([
      ['by itself', {}, {}, { fencing: true }],
      ['by the defaults of the module', { fencing: true }, { fencing: false }, undefined],
      ['by the defaults, with other options', { fencing: true }, { fencing: false }, { ttl: 5_000 }],
    ])(
      'is refused when it asks, %s, for a token that its lock has not',
      async (_, defaults, outer, inner) => {
        const { service } = new Fleet(3).process({ defaults });

        await service.withLock('order:7', outer, async () => {
          const again = inner === undefined ? [() => 1] : [inner, () => 1];
          const entering = service.withLock('order:7', ...(again as [LockOptions, () => number]));
          await expect(entering).rejects.toThrow(LockReentrancyError);
          await expect(entering).rejects.toThrow(/without a fencing token/);
        });
      },
    );

    it('shares the token of its lock, asked for or not', async () => {
      const { service } = setUp();

      const tokens = await service.withLock('order:7', { fencing: true }, async ({ fencingToken }) => [
        fencingToken,
        await service.withLock('order:7', { fencing: true }, (lock) => lock.fencingToken),
        await service.withLock('order:7', (lock) => lock.fencingToken),
        service.current('order:7')?.fencingToken,
      ]);

      expect(tokens).toEqual(Array(4).fill(tokens[0]));
      expect(tokens[0]).toBeGreaterThan(0);
    });

    it('is told that it waited for itself when it asks for a handle', async () => {
      const { service, clock } = setUp();
      const inside = watch(service.withLock('a', () => service.acquire(['a', 'b'], { wait: 200 })));
      await clock.advance(200);

      expect(inside.error).toBeInstanceOf(LockBusyError);
      expect((inside.error as Error).message).toMatch(/waited for itself.*withLock.*says at once why/);
      expect(inside.error).toMatchObject({ resources: ['a', 'b'], waitedMs: 200, reason: 'held' });
    });

    it('is told nothing of that when it asks for a handle of something else', async () => {
      const { fleet, service, clock } = setUp();
      await fleet.process().service.acquire('b');
      const inside = watch(service.withLock('a', () => service.acquire('b', { wait: 200 })));
      await clock.advance(300);

      expect(inside.error).toBeInstanceOf(LockBusyError);
      expect((inside.error as Error).message).not.toContain('itself');
    });

    it('waits for a different resource as anybody does', async () => {
      const { fleet, service } = setUp();
      await fleet.process().service.acquire('b');

      await service.withLock('a', async () => {
        await expect(service.withLock('b', { wait: 0 }, () => 1)).rejects.toThrow(LockBusyError);
      });
    });

    it('does not hand it down to a child that outlives it', async () => {
      const { nodes, service } = setUp();
      const later = gate();
      let child: Promise<number> | undefined;

      await service.withLock('order:7', () => {
        child = later.opened.then(() => service.withLock('order:7', () => nodes[0]?.count('acquire') ?? 0));
      });
      later.open();

      expect(await child).toBe(2);
    });

    it('does not enter again after it was lost: it waits in line like anybody', async () => {
      const { clock, nodes, service } = setUp();

      const run = service.withLock('order:7', { ttl: 1_000 }, async () => {
        clock.stall(1_000);
        const again = service.withLock('order:7', () => nodes[0]?.count('acquire'));
        await clock.advance(0);
        return again;
      });

      await expect(run).rejects.toMatchObject({ reason: 'expired' });
      expect(nodes[0]?.count('acquire')).toBe(2);
    });

    it('shares nothing with code next to it', async () => {
      const { service } = setUp();
      const first = gate();
      const running = service.withLock('order:7', () => first.opened);
      await settle();

      await expect(service.withLock('order:7', { wait: 0 }, () => 1)).rejects.toThrow(LockBusyError);
      first.open();
      await running;
    });

    it('does not remember the locks of its past, however long the chain of tasks that start each other', async () => {
      const { service } = setUp();
      const dead: { reads: number }[] = [];
      const link = async (left: number): Promise<void> => {
        const next = gate();
        let following: Promise<void> | undefined;
        await service.withLock('order:7', (lock) => {
          const counter = { reads: 0 };
          dead.push(counter);
          const isHeld = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(lock), 'isHeld');
          Object.defineProperty(lock, 'isHeld', {
            get: () => {
              counter.reads += 1;
              return isHeld?.get?.call(lock) as boolean;
            },
          });
          // Runs in the context of this task, after it has ended.
          following = next.opened.then(() => (left > 0 ? link(left - 1) : undefined));
        });
        next.open();
        await following;
      };

      await link(30);

      expect(dead).toHaveLength(31);
      expect(Math.max(...dead.map(({ reads }) => reads))).toBeLessThan(10);
    });
  });

  describe('current', () => {
    it('is the innermost lock of the running code, or the one on a resource', async () => {
      const { service } = setUp();

      await service.withLock('a', (a) =>
        service.withLock('b', async (b) => {
          await settle();
          expect(service.current()).toBe(b);
          expect(service.current('a')).toBe(a);
          expect(service.current('c')).toBeUndefined();
        }),
      );
    });

    it('is nothing outside, after the task, and for a lock that is lost', async () => {
      const { clock, service } = setUp();
      const seen: unknown[] = [service.current()];

      await service
        .withLock('a', { ttl: 1_000 }, () => {
          clock.stall(1_000);
          seen.push(service.current());
        })
        .catch(() => undefined);
      seen.push(service.current());

      expect(seen).toEqual([undefined, undefined, undefined]);
    });

    it('belongs to its own service', async () => {
      const { fleet, service } = setUp();
      const other = fleet.process().service;

      await service.withLock('a', () => {
        expect(other.current()).toBeUndefined();
      });
    });
  });

  describe('events$', () => {
    it('is hot, and completes with the service', async () => {
      const { service } = setUp();
      const types: string[] = [];
      service.events$.subscribe({
        next: ({ type }) => types.push(type),
        complete: () => types.push('complete'),
      });

      await service.withLock('order:7', () => 1);
      await service.close();

      expect(types).toEqual(['acquired', 'released', 'complete']);
    });

    it('does no harm to a lock when a subscriber throws, and still serves the others', async () => {
      const { fleet, clock, service } = setUp();
      const reported: unknown[] = [];
      config.onUnhandledError = (error) => reported.push(error);
      const types: string[] = [];
      service.events$.subscribe(() => {
        throw new Error('broken subscriber');
      });
      service.events$.subscribe(({ type }) => types.push(type));

      const run = watch(
        service.withLock('order:7', { ttl: 3_000 }, () => settle().then(() => clock.advance(4_000))),
      );
      await clock.advance(4_000);
      await clock.advance(0);
      // rxjs reports the errors of subscribers from a timer.
      await new Promise((resolve) => setTimeout(resolve, 0));
      config.onUnhandledError = null;

      expect(run.state).toBe('resolved');
      expect(types[0]).toBe('acquired');
      expect(types.at(-1)).toBe('released');
      expect(reported.length).toBeGreaterThan(0);
      expect(await fleet.owners('order:7')).toEqual(FREE);
    });
  });

  it('closes once, however often it is asked to', async () => {
    const { service } = setUp();

    const closings = [service.close(), service.close()];
    await Promise.all(closings);

    expect(closings[0]).toBe(closings[1]);
    await expect(service.acquire('order:7')).rejects.toThrow(LockUnavailableError);
  });

  it('inspects and force-releases', async () => {
    const { fleet, service } = setUp();
    await service.acquire('order:7');

    expect((await service.inspect('order:7')).state).toBe('held');
    expect(await service.forceRelease('order:7')).toBe(3);
    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('rejects, and does not throw, when it is asked to inspect or force-release what is no resource', async () => {
    const { service } = setUp();

    await expect(service.inspect('')).rejects.toThrow(LockKeyError);
    await expect(service.forceRelease(undefined as never)).rejects.toThrow(LockKeyError);
  });
});
