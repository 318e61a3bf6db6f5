import { InjectQueue, BullModule, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Queue, type Job } from 'bullmq';
import { once } from 'node:events';
import { CurrentLock, Locked, LockService, LockSignal, type Lock } from '../../../lib';
import { RedisServer } from '../../helpers/redis-server';
import { until } from '../../helpers/until';
import { RedisMasters } from './redis-masters';
import { answerOf } from './transport-contract';

const NOW = { wait: 0 };
type OrderJob = Job<{ id: number }>;

@Processor('orders')
class OrderProcessor extends WorkerHost {
  readonly completed: unknown[] = [];

  constructor(private readonly locks: LockService) {
    super();
  }

  @Locked('order:<0.data.id>', NOW)
  async process(
    job: OrderJob,
    token?: string,
    @LockSignal() signal?: AbortSignal,
    @CurrentLock() lock?: Lock,
  ) {
    return Promise.resolve({ ...answerOf(this.locks, job.data.id, lock, signal), token: typeof token });
  }

  @OnWorkerEvent('completed')
  @Locked('done:<0.data.id>')
  async above(job: OrderJob) {
    this.completed.push(['above', job.data.id, this.locks.current()?.resources]);
    return Promise.resolve();
  }

  @Locked('done:<0.data.id>')
  @OnWorkerEvent('completed')
  async below(job: OrderJob) {
    this.completed.push(['below', job.data.id, this.locks.current()?.resources]);
    return Promise.resolve();
  }
}

@Injectable()
class Orders {
  constructor(@InjectQueue('orders') readonly queue: Queue) {}
}

describe('locks in processors of BullMQ, on masters of Redis', () => {
  let masters: RedisMasters;
  let redis: RedisServer;
  let app: INestApplicationContext;

  beforeAll(async () => {
    [masters, redis] = await Promise.all([RedisMasters.start(), RedisServer.start()]);
    const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null };
    const module = await Test.createTestingModule({
      imports: [
        masters.module(),
        BullModule.forRoot({ connection }),
        BullModule.registerQueue({ name: 'orders' }),
      ],
      providers: [OrderProcessor, Orders],
    }).compile();
    module.useLogger(false);
    app = await module.init();
    await app.get(OrderProcessor).worker.waitUntilReady();
  });

  afterAll(async () => {
    await app.close();
    await Promise.all([masters.stop(), redis.stop()]);
  });

  const worker = () => app.get(OrderProcessor).worker;
  const add = (id: number, attempts = 1) =>
    app.get(Orders).queue.add('pay', { id }, { attempts, backoff: { type: 'fixed', delay: 20 } });

  it('run a job, and the events of its worker, under their locks', async () => {
    const completed = once(worker(), 'completed');

    await add(7);

    const [job] = (await completed) as [Job];
    expect(job.returnvalue).toEqual({
      ...{ id: 7, held: ['order:7'], hasLock: true, hasSignal: true },
      token: 'string',
    });
    const events = app.get(OrderProcessor).completed;
    await until('both listeners have run', () => events.length === 2);
    expect(events).toEqual(
      expect.arrayContaining([
        ['above', 7, ['done:7']],
        ['below', 7, ['done:7']],
      ]),
    );
  });

  it('fail an attempt while somebody else holds the lock, and leave the next to the queue', async () => {
    const lock = await masters.others.acquire('order:8');
    const failed = once(worker(), 'failed');
    const completed = once(worker(), 'completed');

    await add(8, 1_000);

    const [job, error] = (await failed) as [Job, Error];
    expect(job.failedReason).toContain('order:8');
    expect(error).toMatchObject({ code: 'LOCK_BUSY' });
    await lock.release();
    const [done] = (await completed) as [Job];
    expect(done.returnvalue).toMatchObject({ id: 8, held: ['order:8'] });
  });
});
