import { Controller, Get, Param, UseInterceptors, type INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import {
  Limited,
  Locked,
  LockInterceptor,
  LockService,
  MemoryLockNode,
  RedlockModule,
  type RedlockModuleOptions,
} from '../../lib';
import { deferred } from '../helpers/deferred';

const work = { began: jest.fn(), done: deferred() };

@Controller()
class ReportController {
  constructor(private readonly locks: LockService) {}

  @Get('limited/:id')
  @Limited('report:<0>', { limit: 2, wait: 0 })
  async limited(@Param('id') _id: string) {
    return this.work();
  }

  @Get('limited-around/:id')
  @UseInterceptors(LockInterceptor('report:<params.id>', { limit: 2, wait: 0 }))
  async limitedAround() {
    return this.work();
  }

  @Get('limited-skip/:id')
  @UseInterceptors(LockInterceptor('report:<params.id>', { limit: 2, wait: 0, onBusy: 'skip' }))
  async limitedSkip() {
    return this.work();
  }

  @Get('read/:id')
  @Locked('report:<0>', { mode: 'shared', wait: 0 })
  async read(@Param('id') _id: string) {
    return this.work();
  }

  @Get('read-around/:id')
  @UseInterceptors(LockInterceptor('report:<params.id>', { mode: 'shared', wait: 0 }))
  async readAround() {
    return this.work();
  }

  @Get('write-around/:id')
  @UseInterceptors(LockInterceptor('report:<params.id>', { wait: 0 }))
  async writeAround() {
    return this.work();
  }

  private async work() {
    const { mode, slots = [] } = this.locks.current() ?? {};
    work.began();
    await work.done.promise;
    return { mode, slots: slots.length };
  }
}

const platforms: [string, () => ExpressAdapter | FastifyAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

describe.each(platforms)('readers and permits of handlers on %s', (_platform, createAdapter) => {
  let app: INestApplication;

  async function start(options: Partial<RedlockModuleOptions> = {}) {
    const moduleRef = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()], ...options })],
      controllers: [ReportController],
    }).compile();
    app = moduleRef.createNestApplication(createAdapter() as ExpressAdapter);
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
  }

  const get = (path: string) => request(app.getHttpServer() as Parameters<typeof request>[0]).get(path);
  const locks = () => app.get(LockService);

  /** A request that is at work until `work.done`. */
  async function working(path: string) {
    const before = work.began.mock.calls.length;
    const response = get(path).then(({ status, body }) => ({ status, body: body as unknown }));
    while (work.began.mock.calls.length === before) await new Promise(setImmediate);
    return response;
  }

  beforeEach(() => {
    work.began.mockReset();
    work.done = deferred();
  });

  afterEach(async () => {
    work.done.resolve();
    await app.close();
  });

  it.each(['limited', 'limited-around'])(
    'answers 429 with Retry-After to one more than the limit of /%s',
    async (path) => {
      await start();
      const first = working(`/${path}/7`);
      const second = working(`/${path}/7`);
      while (work.began.mock.calls.length < 2) await new Promise(setImmediate);

      const third = await get(`/${path}/7`).expect(429, {
        statusCode: 429,
        error: 'Too Many Requests',
        code: 'LOCK_LIMIT',
        message: 'Too many are at work already. Try again later.',
      });
      const other = working(`/${path}/8`);
      work.done.resolve();

      expect(third.headers['retry-after']).toBe('1');
      const done = { status: 200, body: { mode: 'limited', slots: 1 } };
      expect(await Promise.all([first, second, other])).toEqual([done, done, done]);
    },
  );

  it('answers as the application says, and nothing where it skips', async () => {
    await start({ answers: { limit: { statusCode: 503, message: 'Full.', retryAfter: 2_500 } } });
    await using _lock = await locks().acquire('report:7', { limit: 2, permits: 2 });

    const response = await get('/limited/7').expect(503);

    expect(response.headers['retry-after']).toBe('3');
    expect(response.body).toMatchObject({ code: 'LOCK_LIMIT', message: 'Full.' });
    expect((await get('/limited-skip/7').expect(200)).text).toBe('');
    expect(work.began).not.toHaveBeenCalled();
  });

  it('answers 409, and not 429, where a lock of all is in the way of permits', async () => {
    await start();
    await using _lock = await locks().acquire('report:7');

    await get('/limited/7').expect(409);
    await get('/limited-around/7').expect(409);
  });

  it.each(['read', 'read-around'])('lets readers of /%s in together, and a writer alone', async (path) => {
    await start();
    const readers = [working(`/${path}/7`), working(`/${path}/7`)];
    while (work.began.mock.calls.length < 2) await new Promise(setImmediate);

    await get('/write-around/7').expect(409);
    work.done.resolve();
    const read = { status: 200, body: { mode: 'shared', slots: 0 } };
    expect(await Promise.all(readers)).toEqual([read, read]);

    work.done = deferred();
    const writer = working('/write-around/7');
    while (work.began.mock.calls.length < 3) await new Promise(setImmediate);
    const refused = await get(`/${path}/7`).expect(409);
    work.done.resolve();

    expect(refused.body).toMatchObject({ code: 'LOCK_BUSY' });
    expect(await writer).toEqual({ status: 200, body: { mode: 'exclusive', slots: 0 } });
  });
});
