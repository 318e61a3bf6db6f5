import type { AddressInfo } from 'node:net';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { Args, GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { Test } from '@nestjs/testing';
import { createClient, type Client } from 'graphql-ws';
import { map, timeout } from 'rxjs';
import { WebSocket } from 'ws';
import { LockInterceptor, Locked, LockService } from '../../../lib';
import { deferred, type Deferred } from '../../helpers/deferred';
import { nestMajor } from '../../helpers/nest-major';
import { until } from '../../helpers/until';
import { MemoryMasters } from './memory-masters';
import { BUSY, UNAVAILABLE } from './transport-contract';

const NOW = { wait: 0 };
let more: Deferred<undefined>;
const ended = jest.fn();
/** The server has heard that a connection is over. */
const closed = jest.fn();
/** What a resolver does before there is a stream. */
const setUp = jest.fn<Promise<void>, [string]>();

async function* progress(name: string) {
  try {
    yield { [name]: 'first' };
    await more.promise;
    yield { [name]: 'second' };
  } finally {
    ended();
  }
}

@Resolver()
class ImportResolver {
  @Query(() => String)
  name() {
    return 'imports';
  }

  @Subscription(() => String)
  @Locked('import:<0>', NOW)
  async *locked(@Args('id') _id: string) {
    yield* progress('locked');
  }

  @Locked('import:<0>', NOW)
  @Subscription(() => String)
  async *lockedAbove(@Args('id') _id: string) {
    yield* progress('lockedAbove');
  }

  @Subscription(() => String)
  @UseInterceptors(LockInterceptor('import:<1.id>', NOW))
  intercepted(@Args('id') _id: string) {
    return progress('intercepted');
  }

  @Subscription(() => String, { filter: () => true })
  @Locked('import:<0>', NOW)
  async *filtered(@Args('id') _id: string) {
    yield* progress('filtered');
  }
}

class Timeout implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(timeout(20));
  }
}

class Refuse implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(
      map(() => {
        throw new Error('refused');
      }),
    );
  }
}

/** Each takes its time before there is a stream. */
@Resolver()
class SetUpResolver {
  @Subscription(() => String)
  @Locked('import:<0>', NOW)
  async lockedSetUp(@Args('id') _id: string) {
    await setUp('set up');
    return progress('lockedSetUp');
  }

  @Subscription(() => String)
  @UseInterceptors(LockInterceptor('import:<1.id>', NOW))
  async interceptedSetUp(@Args('id') _id: string) {
    await setUp('set up');
    return progress('interceptedSetUp');
  }

  @Subscription(() => String)
  @UseInterceptors(LockInterceptor('import:<1.id>', NOW), Timeout)
  async timedOut(@Args('id') _id: string) {
    await setUp('set up');
    return progress('timedOut');
  }

  @Subscription(() => String)
  @UseInterceptors(LockInterceptor('import:<1.id>', NOW), Refuse)
  refused(@Args('id') _id: string) {
    return progress('refused');
  }

  @Subscription(() => String)
  @Locked('import:<0>', { wait: 20_000 })
  async *lockedWaiting(@Args('id') _id: string) {
    yield* progress('lockedWaiting');
  }

  @Subscription(() => String)
  @UseInterceptors(LockInterceptor('import:<1.id>', { wait: 20_000 }))
  interceptedWaiting(@Args('id') _id: string) {
    return progress('interceptedWaiting');
  }

  @Subscription(() => String, { filter: () => true })
  @Locked('import:<0>', NOW)
  async filteredSetUp(@Args('id') _id: string) {
    await setUp('set up');
    return progress('filteredSetUp');
  }
}

const FIELDS = ['locked', 'lockedAbove', 'intercepted', 'filtered'];
/** With a `filter`, @nestjs/graphql for Nest 10 takes what a filter answers for a stream, and fails in reading it. */
const ANSWERING = FIELDS.filter((field) => field !== 'filtered' || nestMajor > 10);

describe('locks around subscriptions of GraphQL', () => {
  const masters = new MemoryMasters();
  let app: INestApplication;
  let client: Client;
  let url: string;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [
        masters.module(),
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          subscriptions: { 'graphql-ws': { onClose: closed } },
        }),
      ],
      providers: [ImportResolver, SetUpResolver],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
    url = `ws://127.0.0.1:${port}/graphql`;
    client = createClient({
      url,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
  });

  beforeEach(() => {
    more = deferred();
    ended.mockClear();
  });

  afterAll(async () => {
    await client.dispose();
    await app.close();
  });

  const subscribe = (field: string, own = client) =>
    own.iterate({ query: `subscription { ${field}(id: "7") }` });
  const locks = () => app.get(LockService);

  it.each(FIELDS)('are held while %s streams, and until it has ended', async (field) => {
    const stream = subscribe(field);

    expect(await stream.next()).toMatchObject({ value: { data: { [field]: 'first' } } });
    await expect(locks().tryAcquire('import:7')).resolves.toBeNull();
    more.resolve(undefined);
    expect(await stream.next()).toMatchObject({ value: { data: { [field]: 'second' } } });
    expect(await stream.next()).toMatchObject({ done: true });

    await (await locks().acquire('import:7')).release();
  });

  it.each(FIELDS)('are released when the client leaves %s', async (field) => {
    const stream = subscribe(field);
    await stream.next();

    const left = stream.return?.();
    more.resolve(undefined);
    await left;

    await (await locks().acquire('import:7')).release();
    await until('it has ended', () => ended.mock.calls.length === 1);
  });

  const connect = () => createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });

  describe.each(['its subscription', 'its connection'])('when the client ends %s', (what) => {
    /** Returns when the server has heard of it: a connection without a subscription ends, too. */
    const leave = async (own: Client, stream: ReturnType<typeof subscribe>) => {
      closed.mockClear();
      if (what === 'its subscription') await stream.return?.();
      else own.terminate();
      await until('the connection is over', () => closed.mock.calls.length === 1);
    };

    it.each(['lockedSetUp', 'interceptedSetUp', 'filteredSetUp'])(
      'in the set-up of %s, stay until that is over, and no longer',
      async (field) => {
        const gate = deferred();
        setUp.mockReset().mockReturnValue(gate.promise);
        const own = connect();
        const stream = subscribe(field, own);
        void stream.next().catch(() => undefined);
        await until('the resolver runs', () => setUp.mock.calls.length === 1);

        await leave(own, stream);
        await expect(locks().tryAcquire('import:7')).resolves.toBeNull();
        gate.resolve();

        await (await locks().acquire('import:7')).release();
        await own.dispose();
      },
    );

    it.each(['lockedWaiting', 'interceptedWaiting'])('while %s waits for them, are free', async (field) => {
      const held = await locks().acquire('import:7');
      const asked = jest.spyOn(locks(), 'withLock');
      const own = connect();
      const stream = subscribe(field, own);
      void stream.next().catch(() => undefined);
      await until('the resolver waits', () => asked.mock.calls.length > 0);
      asked.mockRestore();

      await leave(own, stream);
      await held.release();

      await (await locks().acquire('import:7')).release();
      await own.dispose();
    });
  });

  it('stay until the set-up is over which an interceptor has stopped waiting for, and no longer', async () => {
    const gate = deferred();
    setUp.mockReset().mockReturnValue(gate.promise);

    const answer = await outcomeOf(subscribe('timedOut').next());

    expect(JSON.stringify(answer)).toContain('Timeout');
    await expect(locks().tryAcquire('import:7')).resolves.toBeNull();
    gate.resolve();
    await (await locks().acquire('import:7')).release();
  });

  it('are released when an interceptor refuses what the resolver came to', async () => {
    const answer = await outcomeOf(subscribe('refused').next());

    expect(JSON.stringify(answer)).toContain('refused');
    await (await locks().acquire('import:7')).release();
  });

  it.each(ANSWERING)('are an error of %s with the code when busy, without the key', async (field) => {
    await using _lock = await locks().acquire('import:7');

    const answer = JSON.stringify(await outcomeOf(subscribe(field).next()));

    expect(answer).toContain(BUSY.message);
    expect(answer).toContain(`"code":"${BUSY.code}"`);
    expect(answer).not.toContain('import:7');
  });

  it.each(ANSWERING)(
    'are an error of %s with the code when they are not available, without addresses',
    async (field) => {
      const repair = await masters.fail();

      const answer = JSON.stringify(await outcomeOf(subscribe(field).next()));

      await repair();
      expect(answer).toContain(`"code":"${UNAVAILABLE.code}"`);
      expect(answer).not.toMatch(/import:7|n1/);
    },
  );

  it('leave a locked generator what it is to other callers', async () => {
    const values: unknown[] = [];
    more.resolve(undefined);

    for await (const value of app.get(ImportResolver).locked('7')) values.push(value);

    expect(values).toEqual([{ locked: 'first' }, { locked: 'second' }]);
  });
});

/** Errors come as a value or as a rejection, by the version of the client. */
function outcomeOf(next: Promise<unknown>): Promise<unknown> {
  return next.catch((error: unknown) => error);
}
