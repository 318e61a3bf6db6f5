import { BullModule, InjectQueue, type WorkerHost } from '@nestjs/bullmq';
import { Injectable, type INestApplicationContext, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Queue } from 'bullmq';
import { LockService } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { RedisServer } from '../../helpers/redis-server';
import { until } from '../../helpers/until';
import { MemoryMasters } from '../transports/memory-masters';

const { OrderJobs } = runBlock('docs/QUEUES.md', 'class OrderJobs', {
  change: (code) => code.replace('5_000', '200'),
}) as { OrderJobs: Type<WorkerHost & { paid: string[] }> };

@Injectable()
class Orders {
  constructor(@InjectQueue('orders') readonly queue: Queue) {}
}

describe('a job of BullMQ whose lock cannot be had', () => {
  const masters = new MemoryMasters();
  let redis: RedisServer;
  let app: INestApplicationContext;

  beforeAll(async () => {
    redis = await RedisServer.start();
    const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null };
    const module = await Test.createTestingModule({
      imports: [
        masters.module(),
        BullModule.forRoot({ connection }),
        BullModule.registerQueue({ name: 'orders' }),
      ],
      providers: [OrderJobs, Orders],
    }).compile();
    module.useLogger(false);
    app = await module.init();
    await app.get(OrderJobs).worker.waitUntilReady();
  });

  afterAll(async () => {
    await app.close();
    await redis.stop();
  });

  const queue = () => app.get(Orders).queue;
  const paid = () => app.get(OrderJobs).paid;

  it('is put off while it is busy, costs no attempt, and keeps no other waiting', async () => {
    const lock = await app.get(LockService).acquire('order:7');

    const job = await queue().add('pay', { id: '7' });
    await queue().add('pay', { id: '8' });
    await until('the free one is done', () => paid().includes('8'));
    await until('the other one is put off', async () => (await job.getState()) === 'delayed');
    await lock.release();

    await until('the other one is done', () => paid().includes('7'));
    await until('it is told', async () => (await job.getState()) === 'completed');
    expect(await queue().getFailedCount()).toBe(0);
  });

  it('is put off while locks are not available', async () => {
    const repair = await masters.fail();

    const job = await queue().add('pay', { id: '9' });
    await until('it is put off', async () => (await job.getState()) === 'delayed');
    await repair();

    await until('it is done', () => paid().includes('9'));
    expect(await queue().getFailedCount()).toBe(0);
  });
});
