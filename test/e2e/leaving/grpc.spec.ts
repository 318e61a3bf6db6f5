import { once } from 'node:events';
import { join } from 'node:path';
import { Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  Controller,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestMicroservice,
  type NestInterceptor,
} from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { concat, defer, from, ignoreElements, interval, map, Observable, of, timeout } from 'rxjs';
import {
  CallerLeftError,
  CallerSignal,
  LockBusyError,
  LockInterceptor,
  Locked,
  LockService,
  LockSignal,
  MemoryLockNode,
  RedlockModule,
} from '../../../lib';
import { deferred } from '../../helpers/deferred';
import { findFreePort } from '../../helpers/free-port';
import { until } from '../../helpers/until';

interface Answer {
  text: string;
}

let begun: ReturnType<typeof deferred<{ left: AbortSignal; lost: AbortSignal }>>;
let end: ReturnType<typeof deferred<Answer>>;
let ran = 0;

const NEVER = new AbortController().signal;

const NOW = { wait: 0 };
const Lock = LockInterceptor('order:<0.id>', NOW);
const work = (left: AbortSignal, lost: AbortSignal) => {
  begun.resolve({ left, lost });
  return end.promise;
};
const NEVER_ENDING = new Observable<Answer>(() => () => undefined);
const ticks = () => interval(5).pipe(map((tick) => ({ text: String(tick) })));

/** Such as the answer of another service: it can be unsubscribed, and that ends nothing. */
const answerOf = (answer: Promise<Answer>) =>
  new Observable<Answer>((subscriber) => {
    void answer.then((value) => {
      subscriber.next(value);
      subscriber.complete();
    });
    return () => undefined;
  });

@Injectable()
class Timeout implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(timeout({ first: 40 }));
  }
}

@Controller()
class OrderCalls {
  @GrpcMethod('Orders')
  @UseInterceptors(Lock)
  unary(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return work(left, lost);
  }

  @GrpcMethod('Orders')
  @Locked('order:7', NOW)
  async lockedUnary(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return work(left, lost);
  }

  @GrpcMethod('Orders')
  @UseInterceptors(Lock)
  unaryOfObservable(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return from(work(left, lost));
  }

  @GrpcMethod('Orders')
  @UseInterceptors(Lock, Timeout)
  timeoutInside(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return answerOf(work(left, lost));
  }

  @GrpcMethod('Orders')
  @UseInterceptors(Timeout, Lock)
  timeoutOutside(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return answerOf(work(left, lost));
  }

  @GrpcMethod('Orders')
  @UseInterceptors(Timeout)
  @Locked('order:7', NOW)
  lockedTimeout(
    _request: unknown,
    @CallerSignal() left: AbortSignal,
    @LockSignal() lost: AbortSignal,
  ): Observable<Answer> {
    return answerOf(work(left, lost));
  }

  /** A stream has no end of its own: it is stopped. */
  @GrpcMethod('Orders')
  @UseInterceptors(Timeout, Lock)
  streamTimeout(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    begun.resolve({ left, lost });
    return NEVER_ENDING;
  }

  /** What comes before the stream is work, which nobody can stop. */
  @GrpcMethod('Orders')
  @UseInterceptors(Lock)
  async setUp(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    await work(left, lost);
    return ticks();
  }

  @GrpcMethod('Orders')
  @Locked('order:7', NOW)
  async lockedSetUp(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    await work(left, lost);
    return ticks();
  }

  /** Nest gives it all that it has, since none of its parameters has a decorator. */
  @GrpcMethod('Orders')
  @Locked('order:7', NOW)
  async plainSetUp() {
    await work(NEVER, NEVER);
    return ticks();
  }

  @GrpcStreamMethod('Orders')
  @Locked('order:7', NOW)
  async talk() {
    await work(NEVER, NEVER);
    return ticks();
  }

  @GrpcStreamMethod('Orders')
  @Locked('order:7', NOW)
  async collect() {
    await work(NEVER, NEVER);
    return ticks();
  }

  @GrpcMethod('Orders')
  @UseInterceptors(LockInterceptor('order:7', { wait: 20_000 }))
  async waiting() {
    ran += 1;
    return Promise.resolve({ text: 'done' });
  }

  @GrpcMethod('Orders')
  @Locked('order:7', { wait: 20_000, callerMayLeave: true })
  async lockedWaiting() {
    ran += 1;
    return Promise.resolve({ text: 'done' });
  }

  /** Nest answers with its first value. */
  @GrpcMethod('Orders')
  @UseInterceptors(Lock)
  answerFirst(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return concat(of({ text: 'done' }), defer(() => work(left, lost)).pipe(ignoreElements()));
  }

  @GrpcMethod('Orders')
  @UseInterceptors(Lock)
  stream() {
    return ticks();
  }

  @GrpcMethod('Orders')
  @Locked('order:7', NOW)
  lockedStream(): Observable<Answer> {
    return ticks();
  }
}

interface Call extends NodeJS.EventEmitter {
  cancel(): void;
}
type OrdersClient = Client & {
  [method: string]: (request?: object, done?: (error: unknown, answer?: Answer) => void) => Call;
};

const BEFORE_THE_STREAM = ['setUp', 'lockedSetUp', 'plainSetUp', 'talk'];

describe('a client of gRPC that leaves', () => {
  let app: INestMicroservice;
  let locks: LockService;
  let client: OrdersClient;

  beforeAll(async () => {
    const url = `127.0.0.1:${await findFreePort()}`;
    const protoPath = join(__dirname, 'leaving.proto');
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      controllers: [OrderCalls],
    }).compile();
    app = module.createNestMicroservice({
      transport: Transport.GRPC,
      options: { url, package: 'leaving', protoPath },
    });
    app.useLogger(false);
    await app.listen();
    locks = app.get(LockService);
    const { leaving } = loadPackageDefinition(loadSync(protoPath)) as unknown as {
      leaving: { Orders: new (url: string, credentials: unknown) => OrdersClient };
    };
    client = new leaving.Orders(url, credentials.createInsecure());
  });

  afterAll(async () => {
    client.close();
    await app.close();
  });

  beforeEach(() => {
    begun = deferred();
    end = deferred();
  });

  afterEach(() => {
    end.resolve({ text: 'done' });
  });

  const expectHeld = async () => {
    await expect(locks.acquire('order:7', { wait: 60 })).rejects.toThrow(LockBusyError);
  };
  const whenFree = async () => {
    await (await locks.acquire('order:7', { wait: 5_000 })).release();
  };
  const cancel = (call: Call) => {
    call.on('error', () => undefined);
    call.cancel();
  };

  it.each(['unary', 'lockedUnary', 'unaryOfObservable'])(
    'in the middle of %s leaves the lock to the work of the handler',
    async (method) => {
      const call = client[method]?.({ id: '7' }, () => undefined) as Call;
      const { lost } = await begun.promise;

      cancel(call);
      await expectHeld();

      end.resolve({ text: 'done' });
      await whenFree();
      expect(lost.aborted).toBe(false);
    },
  );

  it.each(['timeoutInside', 'timeoutOutside', 'lockedTimeout'])(
    'after the timeout of %s does not get the lock before the work of the handler is over',
    async (method) => {
      const failed = deferred<unknown>();
      client[method]?.({ id: '7' }, (error) => {
        failed.resolve(error);
      });
      const { lost } = await begun.promise;

      expect(await failed.promise).toBeInstanceOf(Error);
      await expectHeld();
      end.resolve({ text: 'done' });
      await whenFree();
      expect(lost.aborted).toBe(false);
    },
  );

  it('after the timeout of a stream finds its lock free', async () => {
    const call = client['streamTimeout']?.({ id: '7' }) as Call;
    const failed = once(call, 'error');
    const { left } = await begun.promise;

    await failed;

    await whenFree();
    expect(left.aborted).toBe(true);
  });

  it.each(BEFORE_THE_STREAM)(
    'before the stream of %s has begun leaves the lock to what the handler does first, and frees it then',
    async (method) => {
      const call = client[method]?.({ id: '7' }) as Call;
      const { lost } = await begun.promise;

      cancel(call);
      await expectHeld();

      end.resolve({ text: 'done' });
      await whenFree();
      expect(lost.aborted).toBe(false);
    },
  );

  it('frees the lock of a handler that would answer a stream of requests with one', async () => {
    const call = client['collect']?.(() => undefined) as Call;
    await begun.promise;

    cancel(call);
    await expectHeld();

    end.resolve({ text: 'done' });
    await whenFree();
  });

  it('tells a locked handler that it has left', async () => {
    const call = client['lockedSetUp']?.({ id: '7' }) as Call;
    const { left } = await begun.promise;
    const told = deferred<undefined>();
    left.addEventListener('abort', () => {
      told.resolve(undefined);
    });

    cancel(call);

    await told.promise;
    end.resolve({ text: 'done' });
    await whenFree();
  });

  it.each(['waiting', 'lockedWaiting'])('while %s waits for its lock waits no longer', async (method) => {
    ran = 0;
    const held = await locks.acquire('order:7', { wait: 5_000 });
    const asked = jest.spyOn(locks, 'withLock');
    const call = client[method]?.({ id: '7' }, () => undefined) as Call;
    await until('the call waits', () => asked.mock.results.length > 0);

    cancel(call);

    await expect(asked.mock.results[0]?.value).rejects.toThrow(CallerLeftError);
    asked.mockRestore();
    await held.release();
    await whenFree();
    expect(ran).toBe(0);
  });

  it('does not count as gone when it has its answer, and the handler goes on', async () => {
    const answer = deferred<Answer | undefined>();
    client['answerFirst']?.({ id: '7' }, (_error, value) => {
      answer.resolve(value);
    });

    expect(await answer.promise).toEqual({ text: 'done' });
    const { left, lost } = await begun.promise;
    await expectHeld();
    end.resolve({ text: 'done' });
    await whenFree();
    expect([left.aborted, lost.aborted]).toEqual([false, false]);
  });

  it.each(['stream', 'lockedStream'])(
    'in the middle of %s ends it, and so frees its lock',
    async (method) => {
      const call = client[method]?.({ id: '7' }) as Call;
      const flowing = deferred<undefined>();
      call.on('data', () => {
        flowing.resolve(undefined);
      });
      await flowing.promise;
      await expectHeld();

      cancel(call);
      await whenFree();
    },
  );
});
