import { setTimeout as delay } from 'node:timers/promises';
import { BullModule, InjectQueue } from '@nestjs/bullmq';
import { Injectable, type INestApplication, type Type } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { Queue } from 'bullmq';
import request from 'supertest';
import { LockService, RedlockModule } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { RedisServer } from '../../helpers/redis-server';
import { until } from '../../helpers/until';

/** Its own tests, as they stand there. */
runBlock('docs/RECIPES.md', "describe('Stock'");
runBlock('docs/RECIPES.md', 'class Weather');

describe('the examples of RECIPES.md', () => {
  let world: DocumentWorld;
  let data: RedisServer;
  /** Two processes of one fleet. */
  let apps: INestApplication[];

  const { InvoiceJob } = runBlock('docs/RECIPES.md', 'class InvoiceJob') as { InvoiceJob: Type };
  const { PaymentStore, PaymentProvider, PaymentService } = runBlock(
    'docs/RECIPES.md',
    'class PaymentService',
  ) as {
    PaymentStore: Type;
    PaymentProvider: Type;
    PaymentService: Type<{ pay(orderId: string): Promise<{ id: string }> }>;
  };
  const { Accounts, TransferService } = runBlock('docs/RECIPES.md', 'class TransferService') as {
    Accounts: Type;
    TransferService: Type<{ transfer(order: { from: string; to: string; cents: number }): Promise<void> }>;
  };
  const { Carrier, ShippingController, ShippingProcessor } = runBlock(
    'docs/RECIPES.md',
    'class ShippingProcessor',
  ) as {
    Carrier: Type;
    ShippingController: Type;
    ShippingProcessor: Type;
  };
  const { ExportController } = runBlock('docs/RECIPES.md', 'class ExportController', {
    change: (code) => code.replace('timer(0, 500)', 'timer(0, 1)'),
  }) as { ExportController: Type };
  const charge = jest.fn(({ idempotencyKey }: { idempotencyKey: string }) =>
    delay(20, { id: idempotencyKey }),
  );
  const payments = new Map<string, { id: string }>();
  const moves: string[] = [];
  const book = jest.fn((_id: string) => Promise.resolve());

  @Injectable()
  class Shipments {
    constructor(@InjectQueue('shipping') readonly queue: Queue) {}
  }

  beforeAll(async () => {
    [world, data] = await Promise.all([DocumentWorld.start(), RedisServer.start()]);
    apps = await Promise.all([start(), start()]);
  });

  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await Promise.all([world.stop(), data.stop()]);
  });

  async function start(): Promise<INestApplication> {
    const connection = { host: '127.0.0.1', port: data.port, maxRetriesPerRequest: null };
    const module = await Test.createTestingModule({
      imports: [
        RedlockModule.forRoot({ nodes: world.nodes, nodeTimeout: 2_000 }),
        ScheduleModule.forRoot(),
        BullModule.forRoot({ connection }),
        BullModule.registerQueue({ name: 'shipping' }),
      ],
      controllers: [ShippingController, ExportController],
      providers: [
        ...[InvoiceJob, PaymentService, TransferService, ShippingProcessor, Shipments],
        { provide: Carrier, useValue: { book } },
        {
          provide: PaymentStore,
          useValue: {
            find: (id: string) => Promise.resolve(payments.get(id)),
            insert: (id: string, payment: { id: string }) => Promise.resolve(payments.set(id, payment)),
          },
        },
        { provide: PaymentProvider, useValue: { charge } },
        {
          provide: Accounts,
          useValue: { move: (from: string, to: string) => Promise.resolve(moves.push(`${from}>${to}`)) },
        },
      ],
    }).compile();
    module.useLogger(false);
    const app = module.createNestApplication({ forceCloseConnections: true });
    await app.listen(0, '127.0.0.1');
    await app.get(LockService).ready();
    return app;
  }

  const both = <T>(what: (app: INestApplication) => T | Promise<T>) => Promise.all(apps.map(what));
  const locksOf = (at: 0 | 1) => (apps[at] as INestApplication).get(LockService);
  const server = (at: 0 | 1) =>
    request((apps[at] as INestApplication).getHttpServer() as Parameters<typeof request>[0]);

  it('run a cron job in one of two processes', async () => {
    const jobs = apps.map((app) => [...app.get(SchedulerRegistry).getCronJobs().values()][0]);
    const seen: string[] = [];
    for (const at of [0, 1] as const) locksOf(at).events$.subscribe(({ type }) => seen.push(type));

    for (const job of jobs) await job?.fireOnTick();
    await until('both have tried', () => seen.includes('released') && seen.includes('busy'));

    expect(seen.filter((type) => type === 'acquired')).toHaveLength(1);
    expect(await world.isHeld('job:invoices')).toBe(true);
  });

  it('charge an order once that is paid twice at the same moment', async () => {
    const paid = await both((app) => app.get<{ pay(id: string): Promise<unknown> }>(PaymentService).pay('7'));

    expect(paid).toEqual([{ id: '7' }, { id: '7' }]);
    expect(charge.mock.calls).toEqual([
      [{ idempotencyKey: '7', signal: expect.any(AbortSignal) as unknown }],
    ]);
  });

  it('move money in both directions at once', async () => {
    const [there, back] = apps.map((app) => app.get(TransferService));

    await Promise.all([
      there?.transfer({ from: 'a', to: 'b', cents: 1 }),
      back?.transfer({ from: 'b', to: 'a', cents: 1 }),
    ]);

    expect(moves.sort()).toEqual(['a>b', 'b>a']);
  });

  it('let a job go on with the lock of a request, and its next attempt after it failed', async () => {
    const held: boolean[] = [];
    book.mockImplementation(async () => {
      held.push(await world.isHeld('order:7'));
      if (held.length === 1) throw new Error('the carrier is away');
    });

    await server(0).post('/orders/7/ship').expect(202);

    await until('the job is done', () => held.length === 2);
    expect(held).toEqual([true, true]);
    await until('the lock is free', async () => !(await world.isHeld('order:7')));
    const { queue } = (apps[0] as INestApplication).get(Shipments);
    await until('the job has ended', async () => (await queue.getCompletedCount()) === 1);
  });

  it('hold a lock until an export has been streamed', async () => {
    const other = await world.others.acquire('export:7');
    await server(1).get('/exports/7').expect(409);
    await other.release();
    const seen: string[] = [];
    locksOf(0).events$.subscribe(({ type }) => seen.push(type));

    const { text } = await server(0).get('/exports/7').expect(200);

    expect(text.match(/"percent"/g)).toHaveLength(101);
    await until('the lock is released', () => seen.includes('released'));
    expect(seen).toEqual(['acquired', 'released']);
  });
});
