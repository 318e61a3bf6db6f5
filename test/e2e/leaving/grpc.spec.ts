import { join } from 'node:path';
import { Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Controller, UseInterceptors, type INestMicroservice } from '@nestjs/common';
import { GrpcMethod, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { from, interval, map, Observable } from 'rxjs';
import {
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

interface Answer {
  text: string;
}

let begun: ReturnType<typeof deferred<{ left: AbortSignal; lost: AbortSignal }>>;
let end: ReturnType<typeof deferred<Answer>>;

const NOW = { wait: 0 };
const Lock = LockInterceptor('order:<0.id>', NOW);
const work = (left: AbortSignal, lost: AbortSignal) => {
  begun.resolve({ left, lost });
  return end.promise;
};
const ticks = () => interval(5).pipe(map((tick) => ({ text: String(tick) })));

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

  /** What comes before the stream is work, which nobody can stop. */
  @GrpcMethod('Orders')
  @UseInterceptors(Lock)
  async setUp(_request: unknown, @CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    await work(left, lost);
    return ticks();
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
  [method: string]: (request: object, done?: (error: unknown) => void) => Call;
};

describe('a client of gRPC that cancels', () => {
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

  it('before its stream has begun leaves the lock to what the handler does first, and frees it then', async () => {
    const call = client['setUp']?.({ id: '7' }) as Call;
    const { lost } = await begun.promise;

    cancel(call);
    await expectHeld();

    end.resolve({ text: 'done' });
    await whenFree();
    expect(lost.aborted).toBe(false);
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
