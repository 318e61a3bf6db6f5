import { BullModule, InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Controller, HttpCode, type INestApplication, Param, Post } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { type Job, type Queue, UnrecoverableError } from 'bullmq';
import { once } from 'node:events';
import request from 'supertest';
import { createLockService, LockLostError, LockService, RedlockModule, type LockTicket } from '../../../lib';
import { RedisServer, startRedisServers } from '../../helpers/redis-server';

type ShipJob = Job<{ id: string; ticket: LockTicket }>;

/** The controller of docs/RECIPES.md. */
@Controller('orders')
class OrderController {
  constructor(
    private readonly locks: LockService,
    @InjectQueue('shipping') private readonly queue: Queue,
  ) {}

  @Post(':id/ship')
  @HttpCode(202)
  async ship(@Param('id') id: string) {
    // Long enough for the way through the queue, or far too short.
    const ttl = Number(id) > 100 ? 2_100 : 30_000;
    await using lock = await this.locks.acquire(`order:${id}`, { ttl, wait: 0, fencing: true });
    await this.queue.add('ship', { id, ticket: await lock.detach() });
  }
}

@Processor('shipping')
class ShippingProcessor extends WorkerHost {
  readonly seen: object[] = [];
  /** What a job does; it fails where that does. */
  work: (attempt: number) => Promise<void> = () => Promise.resolve();

  constructor(private readonly locks: LockService) {
    super();
  }

  async process(job: ShipJob) {
    const lock = await this.locks.resume(job.data.ticket, { maxHold: 60_000 }).catch((error: unknown) => {
      if (error instanceof LockLostError) throw new UnrecoverableError(error.message);
      throw error;
    });
    const { fencingToken, isHeld } = lock;
    this.seen.push({ fencingToken: typeof fencingToken, isHeld });
    try {
      await this.work(job.attemptsMade);
    } catch (error) {
      // The next attempt goes on with the same ticket.
      await lock.detach();
      throw error;
    }
    return lock.release();
  }
}

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('a lock that a request of %s takes and a job of BullMQ goes on with', (_, newAdapter) => {
  let masters: RedisServer[];
  let redis: RedisServer;
  let others: LockService;
  let app: INestApplication;

  beforeAll(async () => {
    [masters, redis] = await Promise.all([startRedisServers(3), RedisServer.start()]);
    // However busy the machine is: a request that is refused makes no job, and nobody would hear of one.
    const locks = { nodes: masters.map(({ url }) => url), nodeTimeout: 2_000 };
    others = createLockService(locks);
    const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null };
    const module = await Test.createTestingModule({
      imports: [
        RedlockModule.forRoot(locks),
        BullModule.forRoot({ connection }),
        BullModule.registerQueue({ name: 'shipping', defaultJobOptions: { attempts: 2 } }),
      ],
      controllers: [OrderController],
      providers: [ShippingProcessor],
    }).compile();
    module.useLogger(false);
    app = await module.createNestApplication(newAdapter(), { logger: false }).init();
    await app.listen(0, '127.0.0.1');
    await app.get(ShippingProcessor).worker.waitUntilReady();
  });

  afterAll(async () => {
    await app.close();
    await others.close();
    await Promise.all([...masters, redis].map((server) => server.stop()));
  });

  const processor = () => app.get(ShippingProcessor);
  const ship = (id: number) => request(app.getHttpServer() as never).post(`/orders/${id}/ship`);

  it('is held from the request to the end of the job, and free after it', async () => {
    let finish: () => void = () => undefined;
    processor().work = () => new Promise((resolve) => (finish = resolve));
    const active = once(processor().worker, 'active');
    const completed = once(processor().worker, 'completed');

    expect((await ship(7)).status).toBe(202);
    await active;
    expect((await ship(7)).status).toBe(409);
    await new Promise((resolve) => setTimeout(resolve, 20));
    finish();

    const [job] = (await completed) as [Job];
    expect(job.returnvalue).toBe('released');
    expect(processor().seen.at(-1)).toEqual({ fencingToken: 'number', isHeld: true });
    const next = await others.tryAcquire('order:7');
    expect(await next?.release()).toBe('released');
  });

  it('is taken up by the next attempt of a job that failed', async () => {
    processor().work = (attempt) =>
      attempt === 0 ? Promise.reject(new Error('carrier is down')) : Promise.resolve();
    const failed = once(processor().worker, 'failed');
    const completed = once(processor().worker, 'completed');

    expect((await ship(8)).status).toBe(202);

    expect(((await failed) as [Job, Error])[1].message).toBe('carrier is down');
    expect(((await completed) as [Job])[0].returnvalue).toBe('released');
  });

  it('is not taken up by a job that comes too late, which is not tried again', async () => {
    processor().work = () => Promise.resolve();
    await processor().worker.pause();
    expect((await ship(101)).status).toBe(202);
    const other = await others.acquire('order:101', { wait: 10_000 });
    const failed = once(processor().worker, 'failed');
    void processor().worker.resume();

    const [job, error] = (await failed) as [Job, Error];

    expect(error.message).toMatch(/^The lock on "order:101" is lost/);
    expect(await job.isFailed()).toBe(true);
    expect(other.isHeld).toBe(true);
    await other.release();
  });
});
