import { once } from 'node:events';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { PassThrough } from 'node:stream';
import { Controller, Get, Res, StreamableFile, UseInterceptors, type INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  CallerLeftError,
  CallerSignal,
  LockBusyError,
  LockInterceptor,
  Locked,
  LockService,
  MemoryLockNode,
  RedlockModule,
} from '../../../lib';
import { deferred } from '../../helpers/deferred';
import { until } from '../../helpers/until';

let begun: ReturnType<typeof deferred<AbortSignal | undefined>>;
let done: ReturnType<typeof deferred<undefined>>;
let body: PassThrough;
const ran = jest.fn<undefined, []>();

@Controller()
class Files {
  @Get('work')
  @UseInterceptors(LockInterceptor('file', { wait: 0 }))
  async work(@CallerSignal() left: AbortSignal) {
    begun.resolve(left);
    await done.promise;
  }

  @Get('locked-work')
  @Locked('file', { wait: 0 })
  async lockedWork(@CallerSignal() left: AbortSignal) {
    begun.resolve(left);
    await done.promise;
  }

  @Get('sent')
  @UseInterceptors(LockInterceptor('file', { wait: 0 }))
  async sent(@Res() reply: { send(body: string): void }, @CallerSignal() left: AbortSignal) {
    reply.send('sent');
    begun.resolve(left);
    await done.promise;
  }

  @Get('file')
  @UseInterceptors(LockInterceptor('file', { wait: 0 }))
  file() {
    begun.resolve(undefined);
    return new StreamableFile(body);
  }

  @Get('patient')
  @UseInterceptors(LockInterceptor('file', { wait: 20_000 }))
  patient() {
    ran();
  }

  @Get('locked-patient')
  @Locked('file', { wait: 20_000, callerMayLeave: true })
  async lockedPatient(): Promise<void> {
    await Promise.resolve();
    ran();
  }
}

describe('a client of HTTP/2', () => {
  let app: INestApplication;
  let locks: LockService;
  let session: ClientHttp2Session;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      controllers: [Files],
    }).compile();
    app = module.createNestApplication(new FastifyAdapter({ http2: true } as object), {
      forceCloseConnections: true,
    });
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
    locks = app.get(LockService);
    session = connect(await app.getUrl());
  });

  afterAll(async () => {
    session.destroy();
    await app.close();
  });

  beforeEach(() => {
    begun = deferred();
    done = deferred();
    body = new PassThrough();
    ran.mockReset();
  });

  const ask = (path: string) => {
    const stream = session.request({ ':path': `/${path}` });
    stream.on('error', () => undefined).resume();
    const closed = once(stream, 'close');
    const leave = async () => {
      stream.close(constants.NGHTTP2_CANCEL);
      await closed;
    };
    return { closed, leave };
  };
  const expectHeld = async () => {
    await expect(locks.acquire('file', { wait: 60 })).rejects.toThrow(LockBusyError);
  };
  const whenFree = async () => {
    await (await locks.acquire('file', { wait: 5_000 })).release();
  };

  it.each(['work', 'locked-work'])(
    'that leaves /%s is told of, and the work keeps its lock',
    async (path) => {
      const { leave } = ask(path);
      const left = await begun.promise;

      await leave();

      await until('the handler is told', () => left?.aborted === true);
      expect(left?.reason).toBeInstanceOf(CallerLeftError);
      await expectHeld();
      done.resolve(undefined);
      await whenFree();
    },
  );

  it('that has its answer has not left, whatever the handler does after that', async () => {
    const { closed } = ask('sent');
    const left = await begun.promise;
    await closed;

    await expectHeld();
    done.resolve(undefined);

    await whenFree();
    expect(left?.aborted).toBe(false);
  });

  it('keeps the lock of a file to its end, and frees it when it leaves before that', async () => {
    const first = ask('file');
    await begun.promise;
    body.write('a');
    await expectHeld();
    body.end();
    await first.closed;
    await whenFree();

    [begun, body] = [deferred(), new PassThrough()];
    const second = ask('file');
    await begun.promise;
    body.write('a');
    await expectHeld();
    await second.leave();
    await whenFree();
  });

  it.each(['patient', 'locked-patient'])('that leaves while /%s waits is not waited for', async (path) => {
    const lock = await locks.acquire('file');
    const asked = jest.spyOn(locks, 'withLock');
    const { leave } = ask(path);
    await until('the request waits', () => asked.mock.results.length > 0);

    await leave();

    await expect(asked.mock.results[0]?.value).rejects.toThrow(CallerLeftError);
    asked.mockRestore();
    await lock.release();
    await whenFree();
    expect(ran).not.toHaveBeenCalled();
  });
});
