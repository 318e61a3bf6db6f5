import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { get as httpGet, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  Catch,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Render,
  Res,
  StreamableFile,
  UseFilters,
  UseInterceptors,
  type CallHandler,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { map, of } from 'rxjs';
import request from 'supertest';
import {
  CallerLeftError,
  CurrentLock,
  LockBusyError,
  LockInterceptor,
  Locked,
  LockService,
  MemoryLockNode,
  RedlockModule,
  type Lock as HeldLock,
} from '../../../lib';
import { deferred } from '../../helpers/deferred';
import { loseLock } from '../../helpers/lose-lock';
import { nestMajor } from '../../helpers/nest-major';
import { until } from '../../helpers/until';

/** The part of a reply of Express or Fastify that is used here. */
interface Reply extends NodeJS.WritableStream {
  send(body: unknown): void;
}

let begun: ReturnType<typeof deferred<undefined>>;
let failed: ReturnType<typeof deferred<undefined>>;
let body: PassThrough;
let rendered: ReturnType<typeof deferred<() => void>>;
const ran = jest.fn<string, []>();
let locks: LockService;

const Lock = LockInterceptor('file', { wait: 0 });
const Skip = LockInterceptor('file', { wait: 0, onBusy: 'skip' });
const Instead = LockInterceptor('file', { wait: 0, onBusy: () => ({ instead: true }) });

/** Leaves alone what has begun to answer. */
@Catch()
class Quiet implements ExceptionFilter {
  catch(): void {
    failed.resolve(undefined);
  }
}

@Injectable()
class Envelope implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

@Controller()
class Files {
  @Get('file')
  @UseInterceptors(Lock)
  file() {
    return new StreamableFile(this.begin());
  }

  @Get('wrapped')
  @UseInterceptors(Lock, Envelope)
  wrapped() {
    return this.begin();
  }

  @Get('locked-file')
  @Locked('file', { wait: 0 })
  async lockedFile() {
    return Promise.resolve(new StreamableFile(this.begin()));
  }

  @Get('sent')
  @UseInterceptors(Lock)
  sent(@Res() reply: Reply) {
    this.send(reply);
  }

  @Get('locked-sent')
  @Locked('file', { wait: 0 })
  async lockedSent(@Res() reply: Reply) {
    this.send(reply);
    return Promise.resolve();
  }

  @Get('broken')
  @UseFilters(Quiet)
  @UseInterceptors(Lock)
  broken(@Res() reply: Reply) {
    return this.sendAndFail(reply);
  }

  @Get('locked-broken')
  @UseFilters(Quiet)
  @Locked('file', { wait: 0 })
  async lockedBroken(@Res() reply: Reply) {
    await this.sendAndFail(reply);
  }

  @Get('promised-file')
  @Locked('file', { wait: 0 })
  async promisedFile() {
    return Promise.resolve(of(new StreamableFile(this.begin())));
  }

  @Get('late')
  @UseInterceptors(Lock)
  late(@Res() reply: Reply) {
    this.begin().once('finish', () => {
      reply.send('late');
    });
    body.resume();
  }

  @Get('early')
  @UseInterceptors(Lock)
  async early(@CurrentLock() lock: HeldLock) {
    await lock.release();
    return new StreamableFile(this.begin());
  }

  @Get('locked-early')
  @Locked('file', { wait: 0 })
  async lockedEarly(@CurrentLock() lock: HeldLock) {
    await lock.release();
    return new StreamableFile(this.begin());
  }

  @Get('lost')
  @UseInterceptors(LockInterceptor('file', { wait: 0, onLost: 'ignore' }))
  async lost() {
    await loseLock(locks);
    return new StreamableFile(this.begin());
  }

  @Get('locked-lost')
  @Locked('file', { wait: 0, onLost: 'ignore' })
  async lockedLost() {
    await loseLock(locks);
    return new StreamableFile(this.begin());
  }

  @Get('page')
  @Render('page')
  @UseInterceptors(Lock)
  page() {
    begun.resolve(undefined);
    return { title: 'page' };
  }

  @Get('value')
  @UseInterceptors(Lock)
  value() {
    return { value: ran() };
  }

  @Get('skip')
  @HttpCode(202)
  @UseInterceptors(Skip)
  skip(@Res() reply: Reply) {
    reply.send(ran());
  }

  @Get('instead')
  @UseInterceptors(Instead)
  instead(@Res() reply: Reply) {
    reply.send(ran());
  }

  @Get('skip-value')
  @UseInterceptors(Skip)
  skipValue() {
    return ran();
  }

  @Get('locked-skip')
  @Locked('file', { wait: 0, onBusy: 'skip' })
  async lockedSkip(@Res() reply: Reply): Promise<void> {
    reply.send(ran());
    return Promise.resolve();
  }

  @Get('locked-instead')
  @Locked('file', { wait: 0, onBusy: () => ({ instead: true }) })
  async lockedInstead(@Res() reply: Reply): Promise<{ instead: boolean }> {
    reply.send(ran());
    return Promise.resolve({ instead: false });
  }

  @Get('locked-skip-value')
  @Locked('file', { wait: 0, onBusy: 'skip' })
  async lockedSkipValue(): Promise<string | undefined> {
    return Promise.resolve(ran());
  }

  @Get('patient')
  @UseInterceptors(LockInterceptor('file', { wait: 20_000 }))
  patient() {
    return ran();
  }

  @Get('patient-sent')
  @UseInterceptors(LockInterceptor('file', { wait: 20_000 }))
  patientSent(@Res() reply: Reply) {
    reply.send(ran());
  }

  @Get('locked-patient')
  @Locked('file', { wait: 20_000, callerMayLeave: true })
  async lockedPatient() {
    return Promise.resolve(ran());
  }

  @Get('stubborn')
  @UseInterceptors(LockInterceptor('file', { wait: 20_000, callerMayLeave: false }))
  stubborn() {
    return ran();
  }

  @Get('locked-stubborn')
  @Locked('file', { wait: 20_000 })
  async lockedStubborn() {
    return Promise.resolve(ran());
  }

  private begin() {
    begun.resolve(undefined);
    return body;
  }

  private async sendAndFail(reply: Reply): Promise<never> {
    this.send(reply);
    const raw = 'raw' in reply ? (reply.raw as ServerResponse) : (reply as unknown as ServerResponse);
    body.write('begun, ');
    await until('the response has begun', () => raw.headersSent);
    throw new Error('after the response has begun');
  }

  private send(reply: Reply): void {
    const stream = this.begin();
    if ('raw' in reply) reply.send(stream);
    else stream.pipe(reply);
  }
}

const platforms: [string, () => ExpressAdapter | FastifyAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

describe.each(platforms)('the response on %s', (platform, createAdapter) => {
  let app: INestApplication;
  let url: string;
  let views: string;

  beforeAll(async () => {
    views = await mkdtemp(join(tmpdir(), 'redlock-views-'));
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      controllers: [Files],
    }).compile();
    app = module.createNestApplication(createAdapter() as ExpressAdapter, { forceCloseConnections: true });
    app.useLogger(false);
    if (platform === 'Express') {
      const engine = (_path: string, _options: object, callback: (error: null, page: string) => void) => {
        rendered.resolve(() => {
          callback(null, 'page');
        });
      };
      const express = app as NestExpressApplication;
      await writeFile(join(views, 'page.txt'), 'page');
      express.engine('txt', engine);
      express.setViewEngine('txt');
      express.setBaseViewsDir(views);
    }
    await app.listen(0, '127.0.0.1');
    locks = app.get(LockService);
    url = await app.getUrl();
  });

  afterAll(async () => {
    await app.close();
    await rm(views, { recursive: true });
  });

  beforeEach(() => {
    begun = deferred();
    failed = deferred();
    rendered = deferred();
    body = new PassThrough();
    ran.mockReset().mockReturnValue('ran');
  });

  const http = () => request(app.getHttpServer() as Parameters<typeof request>[0]);
  const expectHeld = async () => {
    await expect(locks.acquire('file', { wait: 60 })).rejects.toThrow(LockBusyError);
  };
  const whenFree = async () => {
    await (await locks.acquire('file', { wait: 5_000 })).release();
  };
  const ask = (path: string) => {
    const asked = httpGet(`${url}/${path}`).on('error', () => undefined);
    const text = new Promise<string>((resolve) =>
      asked.on('response', (response: IncomingMessage) => {
        let all = '';
        response.on('data', (part: Buffer) => (all += part.toString()));
        response.on('close', () => {
          resolve(all);
        });
      }),
    );
    return { text, leave: () => asked.destroy() };
  };

  // From 12 on, Nest sends the stream that is in the object.
  const wrapped = nestMajor < 12 ? [] : ['wrapped'];
  it.each(['file', 'locked-file', 'promised-file', 'sent', 'locked-sent', ...wrapped])(
    'of /%s keeps its lock to the end',
    async (path) => {
      const { text } = ask(path);
      await begun.promise;
      body.write('a');
      await expectHeld();

      body.end('b');

      expect(await text).toBe('ab');
      await whenFree();
    },
  );

  it.each(['file', 'locked-file', 'sent', 'locked-sent'])(
    'of /%s frees its lock when its client has gone',
    async (path) => {
      const { leave } = ask(path);
      await begun.promise;
      body.write('a');
      await expectHeld();

      leave();

      await whenFree();
    },
  );

  it.each(['broken', 'locked-broken'])(
    'of /%s keeps its lock to the end, though its handler has failed in the middle',
    async (path) => {
      const { text } = ask(path);
      await begun.promise;
      await failed.promise;
      await expectHeld();

      body.end('all of it');

      expect(await text).toBe('begun, all of it');
      await whenFree();
    },
  );

  it.each(['early', 'locked-early', 'lost', 'locked-lost'])(
    'of /%s comes though its lock is over when it begins',
    async (path) => {
      const { text } = ask(path);
      await begun.promise;

      await whenFree();
      body.end('all of it');

      expect(await text).toBe('all of it');
    },
  );

  it('that the handler sends later keeps its lock until then', async () => {
    const { text } = ask('late');
    await begun.promise;
    await expectHeld();

    body.end();

    expect(await text).toBe('late');
    await whenFree();
  });

  const itRenders = platform === 'Express' ? it : it.skip;
  itRenders('that is a page keeps its lock until that is made', async () => {
    const { text } = ask('page');
    await begun.promise;
    const render = await rendered.promise;
    await expectHeld();

    render();

    expect(await text).toBe('page');
    await whenFree();
  });

  it('that is a value comes after its lock was released', async () => {
    for (let turn = 0; turn < 20; turn++) await http().get('/value').expect(200, { value: 'ran' });
  });

  it.each([
    ['skip', 202, ''],
    ['instead', 200, { instead: true }],
    ['skip-value', 200, ''],
    ['locked-skip', 200, ''],
    ['locked-instead', 200, { instead: true }],
    ['locked-skip-value', 200, ''],
  ])('of /%s says that it was skipped while the lock is busy', async (path, status, answer) => {
    const lock = await locks.acquire('file');

    const response = await http().get(`/${path}`).expect(status).expect('Lock-Skipped', 'true');

    expect(typeof answer === 'string' ? response.text : response.body).toEqual(answer);
    expect(ran).not.toHaveBeenCalled();
    await lock.release();
    const free = await http().get(`/${path}`).expect(status);
    expect(free.headers['lock-skipped']).toBeUndefined();
    expect(free.text).toBe('ran');
  });

  describe('whose client goes while its request waits', () => {
    let asked: jest.SpiedFunction<LockService['withLock']>;

    /** The call for the lock, as soon as there is one. */
    const call = async () => {
      await until('the request waits', () => asked.mock.results.length > 0);
      return { done: asked.mock.results[0]?.value as Promise<unknown> };
    };

    beforeEach(() => {
      asked = jest.spyOn(locks, 'withLock');
    });

    afterEach(() => {
      asked.mockRestore();
    });

    it.each(['patient', 'patient-sent', 'locked-patient'])('is not made on /%s', async (path) => {
      const lock = await locks.acquire('file');
      const { leave } = ask(path);
      const { done } = await call();

      leave();

      await expect(done).rejects.toThrow(CallerLeftError);
      await lock.release();
      await whenFree();
      expect(ran).not.toHaveBeenCalled();
    });

    it.each(['stubborn', 'locked-stubborn'])('is made on /%s, whose options say so', async (path) => {
      const gone = goneFrom(app);
      const lock = await locks.acquire('file');
      const { leave } = ask(path);
      const { done } = await call();

      leave();
      await gone;
      await lock.release();

      await done;
      expect(ran).toHaveBeenCalledTimes(1);
    });
  });
});

/** When the server has noticed that a client has gone. */
function goneFrom(app: INestApplication): Promise<unknown> {
  const server = app.getHttpServer() as Server;
  return once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
}
