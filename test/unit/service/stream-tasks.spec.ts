import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { BehaviorSubject, defer, lastValueFrom, of, toArray } from 'rxjs';
import { bindLockService, Locked, LockOptionsError, type LockService } from '../../../lib';
import { Fleet } from '../../helpers/fleet';
import { settle } from '../../helpers/virtual-clock';

/** Whatever code without types may return. */
const untyped = (value: unknown) => value as never;

async function* generate() {
  yield await Promise.resolve(1);
}

function* generateAtOnce() {
  yield 1;
}

const STREAMS: [string, () => unknown][] = [
  ['an Observable', () => of(1)],
  ['a Subject', () => new BehaviorSubject(1)],
  ['an async generator', () => generate()],
  ['a generator', () => generateAtOnce()],
  ['an async iterable', () => ({ [Symbol.asyncIterator]: generate })],
  ['a stream of Node', () => Readable.from([1])],
  ['a stream of the web', () => new ReadableStream()],
];

/** Everything that runs a task under a lock, and is done with the lock when the task is. */
const RUNS: [string, (service: LockService, task: () => unknown) => Promise<unknown>][] = [
  ['withLock', (service, task) => service.withLock('order:7', () => untyped(task()))],
  [
    'withLock, in a promise',
    (service, task) => service.withLock('order:7', async () => untyped(await task())),
  ],
  [
    'withLock with options',
    (service, task) => service.withLock('order:7', { onBusy: 'skip' }, () => untyped(task())),
  ],
  [
    'withLock within itself',
    (service, task) =>
      service.withLock('order:7', async () => {
        await service.withLock('order:7', () => untyped(task()));
      }),
  ],
  [
    'withLock in a unit of work',
    (service, task) =>
      service.holdUntilDone(async () => {
        await service.withLock('order:7', () => untyped(task()));
      }),
  ],
  [
    'holdUntilDone',
    (service, task) =>
      service.holdUntilDone(async () => {
        await service.acquire('order:7');
        return untyped(await task());
      }),
  ],
  [
    'a unit of work within itself',
    (service, task) =>
      service.holdUntilDone(async () => {
        await service.holdUntilDone(() => untyped(task()));
      }),
  ],
  [
    'run of an election',
    async (service, task) => {
      const election = service.election('jobs');
      await settle();
      expect(election.isLeader).toBe(true);
      return election.run(() => untyped(task()));
    },
  ],
];

describe('what begins when somebody reads it', () => {
  const setUp = () => {
    const fleet = new Fleet(3);
    return { fleet, service: fleet.process().service };
  };

  describe.each(RUNS)('is refused as the result of %s', (_how, run) => {
    it.each(STREAMS)('%s', async (_what, make) => {
      const { service } = setUp();

      const running = run(service, make);

      await expect(running).rejects.toThrow(LockOptionsError);
      await expect(running).rejects.toThrow(/(in an object|lastValueFrom|for await|\[\.\.\.generator\])/);
    });
  });

  it('is refused with what to do, and the lock is released', async () => {
    const { fleet, service } = setUp();

    const observable = service.withLock('order:7', () => untyped(of(1)));
    await expect(observable).rejects.toThrow(
      'task: returned an Observable. Its work begins when somebody subscribes, and the lock is released before that. ' +
        'Await it in the task (`await lastValueFrom(observable)`), or put @Locked on the method, or LockInterceptor on the ' +
        'handler, that returns it: they hold the lock until it ends. If it needs no lock, return it in an object: { observable }.',
    );
    const generator = service.withLock('order:7', () => untyped(generate()));
    await expect(generator).rejects.toThrow(/^task: returned an async iterable.*for await/);
    const atOnce = service.withLock('order:7', () => untyped(generateAtOnce()));
    await expect(atOnce).rejects.toThrow(
      'task: returned a generator. Its code runs when somebody reads it, and the lock is released before that. Read it in the ' +
        'task (`[...generator]`), or make it an async generator (`async *`) of a method with @Locked: that holds the lock until ' +
        'it ends. If it needs no lock, return it in an object: { generator }.',
    );

    expect(await fleet.owners('order:7')).toEqual([null, null, null]);
  });

  it('is never started by that', async () => {
    const { service } = setUp();
    const work = jest.fn(() => of(1));

    await expect(service.withLock('order:7', () => untyped(defer(work)))).rejects.toThrow(LockOptionsError);

    expect(work).not.toHaveBeenCalled();
  });

  it('is returned in an object by who means it, and promises that can be read are awaited', async () => {
    const { service } = setUp();
    const pages = Object.assign(Promise.resolve(7), { [Symbol.asyncIterator]: generate });

    const { stream } = await service.withLock('order:7', () => ({ stream: of(1) }));

    await expect(lastValueFrom(stream)).resolves.toBe(1);
    await expect(service.withLock('order:7', () => pages)).resolves.toBe(7);
  });

  it('is not what an array, a map or a set is read with', async () => {
    const { service } = setUp();
    const rows = [1, 2];

    for (const result of [
      null,
      { next: () => 1 },
      { lift: 1 },
      { subscribe: 1 },
      rows,
      rows.values(),
      new Set(rows),
      new Set(rows).values(),
      new Map().keys(),
    ]) {
      await expect(service.withLock('order:7', () => untyped(result))).resolves.toBe(result);
    }
  });

  it('is refused by @Locked as a generator, which no reader can wait for', async () => {
    const refused =
      '@Locked: Orders.rows is a generator, whose readers cannot wait for a lock. Make it an async generator: "async *".';
    expect(() => {
      class Orders {
        // @ts-expect-error the compiler refuses it too
        @Locked('order:7')
        *rows() {
          yield 1;
        }
      }
      return Orders;
    }).toThrow(new LockOptionsError('@Locked', refused.slice('@Locked: '.length)));

    class Orders {
      @Locked('order:7')
      async rows() {
        return Promise.resolve(untyped(generateAtOnce()));
      }
    }
    const { fleet, service } = setUp();
    await expect(bindLockService(new Orders(), service).rows()).rejects.toThrow(/generator/);
    expect(await fleet.owners('order:7')).toEqual([null, null, null]);
  });

  it('is held by @Locked, also in a promise, and within such work', async () => {
    class Orders {
      @Locked('order:7')
      async read() {
        return Promise.resolve(of(1, 2));
      }
    }
    const { service } = setUp();
    const orders = bindLockService(new Orders(), service);

    await expect(
      service.withLock('order:7', async () => lastValueFrom((await orders.read()).pipe(toArray()))),
    ).resolves.toEqual([1, 2]);
    await expect(lastValueFrom(await orders.read())).resolves.toBe(2);
  });

  it('passes by @Locked where nothing is known to hold the lock for it, as for a response', async () => {
    const file = Readable.from([1]);
    class Orders {
      @Locked('order:7')
      async read() {
        return Promise.resolve(file);
      }
    }
    const { service } = setUp();

    await expect(bindLockService(new Orders(), service).read()).resolves.toBe(file);
  });
});
