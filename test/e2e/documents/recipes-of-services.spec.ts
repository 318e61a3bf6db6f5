import { setTimeout as delay } from 'node:timers/promises';
import { bindLockService, createLockService, type LockService } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { until } from '../../helpers/until';

type AnyClass<T> = abstract new (...parts: never[]) => T;
const make = <T>(Class: AnyClass<T>, ...parts: unknown[]) =>
  new (Class as new (...all: unknown[]) => T)(...parts);

describe('the examples of RECIPES.md that need a service alone', () => {
  let world: DocumentWorld;
  /** The lock services of two processes of one fleet. */
  let locks: LockService;
  let theirs: LockService;

  const { ImportService } = runBlock('docs/RECIPES.md', 'class ImportService') as {
    ImportService: AnyClass<{ import(file: string): Promise<string> }>;
  };
  const { reindex } = runBlock('docs/RECIPES.md', 'function reindex') as {
    reindex: (locks: LockService, batches: AsyncIterable<() => Promise<void>>) => Promise<void>;
  };
  const { SingleFlight } = runBlock('docs/RECIPES.md', 'class SingleFlight') as {
    SingleFlight: AnyClass<{ get<T>(key: string, compute: () => Promise<T>): Promise<T> }>;
  };
  const { OutboxRelay } = runBlock('docs/RECIPES.md', 'class OutboxRelay') as {
    OutboxRelay: AnyClass<{ relay(): Promise<void> }>;
  };
  const { MigrateAtStart } = runBlock('docs/RECIPES.md', 'class MigrateAtStart') as {
    MigrateAtStart: AnyClass<{ onModuleInit(): Promise<void> }>;
  };

  beforeAll(async () => {
    world = await DocumentWorld.start();
    const options = { nodes: world.nodes, nodeTimeout: 2_000 };
    [locks, theirs] = [createLockService(options), createLockService(options)];
    await Promise.all([locks.ready(), theirs.ready()]);
  });

  afterAll(async () => {
    await Promise.all([locks.close(), theirs.close()]);
    await world.stop();
  });

  it('publish the messages of an outbox in one process at a time, in their order', async () => {
    const unsent = ['1', '2', '3'].map((id) => ({ id, body: `message ${id}` }));
    const published: string[] = [];
    const outbox = {
      unsent: () => Promise.resolve([...unsent]),
      markSent: (id: string) =>
        Promise.resolve(
          unsent.splice(
            unsent.findIndex((one) => one.id === id),
            1,
          ),
        ),
    };
    const publisher = { publish: ({ id }: { id: string }) => delay(5, published.push(id)) };
    const relays = [locks, theirs].map((service) => {
      const relay = make(OutboxRelay, outbox, publisher);
      bindLockService(relay, service);
      return relay;
    });

    await Promise.all(relays.map((relay) => relay.relay()));

    expect(published).toEqual(['1', '2', '3']);
    expect(unsent).toEqual([]);
  });

  it('import with progress, and say so when the lock is lost', async () => {
    const saved: number[] = [];
    const imports = {
      rows: async function* () {
        yield* await Promise.resolve([['1', '2'], ['3']]);
      },
      write: (_rows: unknown, { signal }: { signal: AbortSignal }) =>
        Promise.resolve().then(() => {
          signal.throwIfAborted();
        }),
      saveProgress: (_file: string, done: number) => Promise.resolve(saved.push(done)),
    };
    const service = make(ImportService, locks, imports);

    expect(await service.import('a.csv')).toBe('done');
    expect(saved).toEqual([2, 3]);

    imports.write = async (_rows, { signal }) => {
      await world.others.forceRelease('import:a.csv');
      const lost = new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
      });
      await locks
        .current()
        ?.extend()
        .catch(() => undefined);
      await lost;
      signal.throwIfAborted();
    };
    expect(await service.import('a.csv')).toBe('lost');
  });

  it('extend at each step', async () => {
    const extended = jest.fn();
    locks.events$.subscribe(({ type }) => {
      if (type === 'extended') extended();
    });

    await reindex(
      locks,
      (async function* () {
        yield* await Promise.resolve([() => Promise.resolve(), () => Promise.resolve()]);
      })(),
    );

    expect(extended).toHaveBeenCalledTimes(2);
  });

  it('have one worker, and another one when it stops', async () => {
    const { FeedWorker } = runBlock('docs/RECIPES.md', 'class FeedWorker', {
      change: (code) => world.change(code).replace('delay(250', 'delay(5'),
    }) as { FeedWorker: AnyClass<{ onApplicationBootstrap(): void; onModuleDestroy(): Promise<void> }> };
    const workers = [make(FeedWorker, locks), make(FeedWorker, theirs)];
    const acquired: number[] = [];
    for (const [at, { events$ }] of [locks, theirs].entries()) {
      events$.subscribe(({ type }) => {
        if (type === 'acquired') acquired.push(at);
      });
    }

    for (const worker of workers) worker.onApplicationBootstrap();
    await until('one of them works', () => world.requests.includes('GET /next'));
    const [first = 0] = acquired;
    expect(acquired).toHaveLength(1);
    await workers[first]?.onModuleDestroy();

    await until('the other one has the lock', () => acquired.length === 2);
    expect(acquired[1]).toBe(1 - first);
    await Promise.all(workers.map((worker) => worker.onModuleDestroy()));
  });

  it('refresh the rates in the process that leads, and in that alone', async () => {
    const { ExchangeRates } = runBlock('docs/RECIPES.md', 'class ExchangeRates', {
      change: (code) => world.change(code),
    }) as { ExchangeRates: AnyClass<{ refresh(): Promise<void>; readonly isLeader: boolean }> };
    const rates = [locks, theirs].map((service) => bindLockService(make(ExchangeRates, service), service));
    await until('one of them leads', () => rates.some(({ isLeader }) => isLeader));

    await Promise.all(rates.map((one) => one.refresh()));
    expect(world.requests.filter((request) => request === 'GET /today')).toHaveLength(1);

    const leader = rates.findIndex(({ isLeader }) => isLeader);
    await [locks, theirs][leader]?.election('exchange-rates').resign();
    await until('the other one leads', () => rates[1 - leader]?.isLeader === true);
    await Promise.all(rates.map((one) => one.refresh()));
    expect(world.requests.filter((request) => request === 'GET /today')).toHaveLength(2);
  });

  it('compute what many miss once, and do not wait for somebody who takes too long', async () => {
    const cache = new Map<string, unknown>();
    const store = {
      get: (key: string): Promise<unknown> => Promise.resolve(cache.get(key)),
      set: (key: string, value: unknown) => Promise.resolve(cache.set(key, value)),
    };
    const flights = [make(SingleFlight, locks, store), make(SingleFlight, theirs, store)];
    const compute = jest.fn(() => delay(30, 42));

    const got = await Promise.all([...flights, ...flights].map((flight) => flight.get('answer', compute)));

    expect(got).toEqual([42, 42, 42, 42]);
    expect(compute).toHaveBeenCalledTimes(1);

    const { SingleFlight: Impatient } = runBlock('docs/RECIPES.md', 'class SingleFlight', {
      change: (code) => code.replace('wait: 2_000', 'wait: 20'),
    }) as { SingleFlight: typeof SingleFlight };
    await using _slow = await world.others.acquire('cache:slow');
    expect(await make(Impatient, locks, store).get('slow', compute)).toBe(42);
  });

  it('migrate once, when two processes start at once', async () => {
    const pending = ['one', 'two'];
    const ran: string[] = [];
    const migrations = {
      pending: () => Promise.resolve([...pending]),
      run: async (name: string) => {
        ran.push(name);
        await delay(10);
        pending.splice(pending.indexOf(name), 1);
      },
    };

    await Promise.all(
      [0, 1].map((at) => make(MigrateAtStart, at === 0 ? locks : theirs, migrations).onModuleInit()),
    );

    expect(ran).toEqual(['one', 'two']);
  });
});
