import { BullModule, getQueueToken } from '@nestjs/bullmq';
import type { INestApplication, Type } from '@nestjs/common';
import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Test } from '@nestjs/testing';
import type { Queue, Worker } from 'bullmq';
import { lastValueFrom } from 'rxjs';
import { io, type Socket } from 'socket.io-client';
import { RedlockModule } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { findFreePort } from '../../helpers/free-port';
import { until } from '../../helpers/until';

interface Examples {
  OrderMessages: Type;
  OrderGateway: Type;
  OrderProcessor: Type<{ worker: Worker }>;
}

describe('the handlers of TRANSPORTS.md', () => {
  let world: DocumentWorld;
  let of: Examples;
  let app: INestApplication;
  let client: ClientProxy;
  let socket: Socket;
  /** What the bank and the mail were asked, and whether the lock was held. */
  let asked: [string, boolean][];

  beforeAll(async () => {
    world = await DocumentWorld.start();
    of = runBlock('docs/TRANSPORTS.md', 'class OrderGateway', world) as Examples;
    const { port } = new URL(world.nodes[0] ?? '');
    const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
    const module = await Test.createTestingModule({
      imports: [
        RedlockModule.forRoot({ nodes: world.nodes, nodeTimeout: 2_000 }),
        BullModule.forRoot({ connection }),
        BullModule.registerQueue({ name: 'orders' }),
      ],
      controllers: [of.OrderMessages],
      providers: [of.OrderGateway, of.OrderProcessor],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(false);
    app.useWebSocketAdapter(new IoAdapter(app));
    const tcp = {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: await findFreePort() },
    } as const;
    app.connectMicroservice(tcp, { inheritAppConfig: true });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    client = ClientProxyFactory.create(tcp);
    socket = io(await app.getUrl(), { transports: ['websocket'] });
    await new Promise<void>((resolve) => socket.once('connect', resolve));
  });

  beforeEach(() => {
    asked = [];
    world.onRequest = async (request) => {
      const resource = request.includes('receipt') ? 'receipt:7' : 'order:7';
      asked.push([request, await world.isHeld(resource)]);
    };
  });

  afterAll(async () => {
    socket.close();
    await client.close();
    await app.close();
    await world.stop();
  });

  it('hold the lock of a message', async () => {
    expect(await lastValueFrom(client.send<string>('order.pay', { id: 7 }))).toBe('paid');

    expect(asked).toEqual([['POST /charge/7', true]]);
  });

  it('hold one lock for all spellings of an order at a gateway, and say when it is busy', async () => {
    const pay = (id: string) =>
      new Promise((resolve, reject) => {
        socket.once('exception', reject);
        socket.emit('order.pay', { id }, resolve);
      });

    expect(await pay('007')).toBe(true);
    expect(asked).toEqual([['POST /charge/007', true]]);

    await using _other = await world.others.acquire('order:7');
    await expect(pay('07')).rejects.toMatchObject({ status: 'error', code: 'LOCK_BUSY' });
  });

  it('hold the lock of a job, and of its event', async () => {
    await app.get(of.OrderProcessor).worker.waitUntilReady();

    await app.get<Queue>(getQueueToken('orders')).add('pay', { id: 7 });
    await until('the receipt is sent', () => asked.length === 2);

    expect(asked).toEqual([
      ['POST /charge/7', true],
      ['POST /receipt/7', true],
    ]);
  });
});
