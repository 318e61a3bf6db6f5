import { once, type EventEmitter } from 'node:events';
import { UseFilters, UseInterceptors, type INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { from, interval, map, Observable, of } from 'rxjs';
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
import { until } from '../../helpers/until';

let begun: ReturnType<typeof deferred<{ left: AbortSignal; lost: AbortSignal }>>;
let end: ReturnType<typeof deferred<string>>;
let sent: ReturnType<typeof deferred<undefined>>;

const ran = jest.fn<undefined, [socket?: EventEmitter]>();

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

  @SubscribeMessage('locked-promise')
  @Locked('order:7', { wait: 0 })
  async lockedPromise(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal): Promise<string> {
    return work(left, lost);
  }

  @SubscribeMessage('locked-waiting')
  @Locked('order:7', { wait: 20_000, callerMayLeave: true })
  async lockedWaiting(): Promise<void> {
    ran();
    return Promise.resolve();
  }

  @SubscribeMessage('quick')
  @Locked('quick')
  async quick(@ConnectedSocket() socket: EventEmitter): Promise<void> {
    ran(socket);
    return Promise.resolve();
  }

  @SubscribeMessage('quick-stream')
  @Locked('quick')
  quickStream(@ConnectedSocket() socket: EventEmitter): Observable<string> {
    ran(socket);
    return of('done');
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

  @SubscribeMessage('set-up')
  @UseInterceptors(Lock)
  async setUp(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    await work(left, lost);
    return this.ticks(left, lost);
  }

  @SubscribeMessage('locked-set-up')
  @Locked('order:7', { wait: 0 })
  async lockedSetUp(
    @CallerSignal() left: AbortSignal,
    @LockSignal() lost: AbortSignal,
  ): Promise<Observable<unknown>> {
    await work(left, lost);
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
    ran.mockReset();
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

  it.each(['promise', 'observable', 'answer', 'locked', 'locked-promise'])(
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

  it.each(['set-up', 'locked-set-up'])(
    'during the %s of its stream gets none, and its lock is freed',
    async (event) => {
      client.send(event);
      await begun.promise;
      await expectHeld();

      client.leave();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await expectHeld();
      end.resolve('ready');

      await whenFree();
    },
  );

  it('while its message waits for the lock waits no longer, where it may leave', async () => {
    const held = await locks.acquire('order:7');
    const asked = jest.spyOn(locks, 'withLock');
    client.send('locked-waiting');
    await until('the message waits', () => asked.mock.results.length > 0);

    client.leave();

    await expect(asked.mock.results[0]?.value).rejects.toThrow(CallerLeftError);
    asked.mockRestore();
    await held.release();
    await whenFree();
    expect(ran).not.toHaveBeenCalled();
  });

  it.each(['quick', 'quick-stream'])('is listened to by no message of %s that is over', async (event) => {
    const listeners = () => {
      const socket = ran.mock.calls[0]?.[0];
      return ['disconnect', 'close'].map((name) => socket?.listenerCount(name));
    };
    const sendAndWait = async (times: number) => {
      for (let i = 0; i < times; i += 1) client.send(event);
      const all = ran.mock.calls.length + times;
      await until('all have run', () => ran.mock.calls.length === all);
      await (await locks.acquire('quick', { wait: 5_000 })).release();
    };

    await sendAndWait(1);
    const before = listeners();
    await sendAndWait(5);

    expect(listeners()).toEqual(before);
    expect(before).toContainEqual(expect.any(Number));
  });
});
