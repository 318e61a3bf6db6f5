import { once } from 'node:events';
import { UseFilters, UseInterceptors, type INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { from, interval, map, Observable } from 'rxjs';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import {
  CallerLeftError,
  CallerSignal,
  LockBusyError,
  LockExceptionFilter,
  LockInterceptor,
  Locked,
  LockService,
  LockSignal,
  MemoryLockNode,
  RedlockModule,
} from '../../../lib';
import { deferred } from '../../helpers/deferred';

let begun: ReturnType<typeof deferred<{ left: AbortSignal; lost: AbortSignal }>>;
let end: ReturnType<typeof deferred<string>>;
let sent: ReturnType<typeof deferred<undefined>>;

const work = (left: AbortSignal, lost: AbortSignal) => {
  begun.resolve({ left, lost });
  return end.promise;
};
const Lock = LockInterceptor('order:7', { wait: 0 });

@WebSocketGateway()
@UseFilters(LockExceptionFilter)
class OrderGateway {
  @SubscribeMessage('promise')
  @UseInterceptors(Lock)
  promise(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return work(left, lost);
  }

  @SubscribeMessage('observable')
  @UseInterceptors(Lock)
  observable(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return from(work(left, lost));
  }

  /** Such as the answer of another service: it can be unsubscribed, and that ends nothing. */
  @SubscribeMessage('answer')
  @UseInterceptors(Lock)
  answer(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return new Observable((subscriber) => {
      void work(left, lost).then((value) => {
        subscriber.next(value);
        subscriber.complete();
      });
      return () => undefined;
    });
  }

  @SubscribeMessage('locked')
  @Locked('order:7', { wait: 0 })
  locked(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal): Observable<string> {
    return from(work(left, lost));
  }

  @SubscribeMessage('stream')
  @UseInterceptors(Lock)
  stream(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return this.ticks(left, lost);
  }

  @SubscribeMessage('locked-stream')
  @Locked('order:7', { wait: 0 })
  lockedStream(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal): Observable<unknown> {
    return this.ticks(left, lost);
  }

  private ticks(left: AbortSignal, lost: AbortSignal) {
    begun.resolve({ left, lost });
    return interval(5).pipe(
      map((data) => {
        if (data > 2) sent.resolve(undefined);
        return { event: 'tick', data };
      }),
    );
  }
}

interface Client {
  send(event: string): void;
  leave(): void;
}

async function connectSocketIo(url: string): Promise<Client> {
  const socket = io(url, { transports: ['websocket'], forceNew: true });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return { send: (event) => void socket.emit(event, {}), leave: () => void socket.disconnect() };
}

async function connectWs(url: string): Promise<Client> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  await once(socket, 'open');
  return {
    send: (event) => {
      socket.send(JSON.stringify({ event, data: {} }));
    },
    leave: () => {
      socket.close();
    },
  };
}

const adapters = [
  ['socket.io', (app: INestApplication) => new IoAdapter(app), connectSocketIo],
  ['ws', (app: INestApplication) => new WsAdapter(app), connectWs],
] as const;

describe.each(adapters)('a client of %s that leaves', (_adapter, createAdapter, connect) => {
  let app: INestApplication;
  let locks: LockService;
  let client: Client;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      providers: [OrderGateway],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(false);
    app.useWebSocketAdapter(createAdapter(app));
    await app.listen(0, '127.0.0.1');
    locks = app.get(LockService);
  });

  afterAll(() => app.close());

  beforeEach(async () => {
    begun = deferred();
    end = deferred();
    sent = deferred();
    client = await connect(await app.getUrl());
  });

  afterEach(() => {
    end.resolve('done');
    client.leave();
  });

  const aborted = (signal: AbortSignal) => (signal.aborted ? undefined : once(signal, 'abort'));
  const expectHeld = async () => {
    await expect(locks.acquire('order:7', { wait: 60 })).rejects.toThrow(LockBusyError);
  };
  const whenFree = async () => {
    await (await locks.acquire('order:7', { wait: 5_000 })).release();
  };

  it.each(['promise', 'observable', 'answer', 'locked'])(
    'leaves the lock to the work of %s, which is told',
    async (event) => {
      client.send(event);
      const { left, lost } = await begun.promise;

      client.leave();
      await aborted(left);

      expect(left.reason).toBeInstanceOf(CallerLeftError);
      await expectHeld();
      end.resolve('done');
      await whenFree();
      expect(lost.aborted).toBe(false);
    },
  );

  it.each(['stream', 'locked-stream'])('ends the %s, and so frees its lock', async (event) => {
    client.send(event);
    const { left } = await begun.promise;
    await sent.promise;
    await expectHeld();

    client.leave();
    await whenFree();

    expect(left.aborted).toBe(true);
  });
});
