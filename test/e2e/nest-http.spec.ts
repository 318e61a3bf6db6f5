import { get as httpGet } from 'node:http';
import {
  Body,
  CanActivate,
  Catch,
  Controller,
  Get,
  Header,
  HttpCode,
  Injectable,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Query,
  Req,
  Sse,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IsString } from 'class-validator';
import { map, Observable, of, Subject } from 'rxjs';
import request from 'supertest';
import {
  LockError,
  LockInterceptor,
  Locked,
  LockService,
  RedlockModule,
  type RedlockModuleOptions,
} from '../../lib';
import { systemClock } from '../../lib/system/system-clock';
import { deferred } from '../helpers/deferred';
import { FaultyNode } from '../helpers/faulty-node';

@Injectable()
class Deny implements CanActivate {
  canActivate() {
    return false;
  }
}

@Injectable()
class Wrap implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((value: unknown) => ({ wrapped: value })));
  }
}

@Catch(LockError)
class TeapotFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}
  catch(error: LockError, host: ArgumentsHost) {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { mine: error.code }, 418);
  }
}

class PayDto {
  @IsString()
  id!: string;
}

const ran = jest.fn<string, []>();
const stream = { source: new Subject<{ data: string }>(), subscribed: deferred() };

@Controller()
class OrderController {
  constructor(private readonly locks: LockService) {}

  @Get('guard-below')
  @Locked('guarded')
  @UseGuards(Deny)
  async guardBelow() {
    return Promise.resolve(ran());
  }

  @Get('guard-above')
  @UseGuards(Deny)
  @Locked('guarded')
  async guardAbove() {
    return Promise.resolve(ran());
  }

  @Locked('guarded')
  @UseGuards(Deny)
  @Get('route-below')
  async routeBelow() {
    return Promise.resolve(ran());
  }

  @Get('orders/:id')
  @Locked('order:<0>', { wait: 0 })
  async read(@Param('id', ParseIntPipe) id: number, @Query('part') part: string) {
    return Promise.resolve({ id, part, held: this.locks.current()?.resources });
  }

  @Post('orders')
  @UsePipes(new ValidationPipe({ transform: true }))
  @Locked('order:<0.id>', { wait: 0 })
  @HttpCode(202)
  @Header('x-order', 'yes')
  @UseInterceptors(Wrap)
  async pay(@Body() dto: PayDto) {
    return Promise.resolve({
      id: dto.id,
      transformed: dto instanceof PayDto,
      held: this.locks.current()?.resources,
    });
  }

  @Get('missing/:id')
  @Locked('order:<0>')
  async missing(@Param('id') id: string) {
    return Promise.reject(new NotFoundException(`no order ${id}`));
  }

  @Get('keyless')
  @Locked('order:<0>')
  async keyless(@Query('id') _id?: string) {
    return Promise.resolve(ran());
  }

  @Get('skip')
  @Locked('skip', { wait: 0, onBusy: 'skip' })
  async skip(): Promise<string | undefined> {
    return Promise.resolve(ran());
  }

  @Get('own-filter/:id')
  @UseFilters(TeapotFilter)
  @Locked('order:<0>', { wait: 0 })
  async ownFilter(@Param('id') _id: string) {
    return Promise.resolve(ran());
  }

  @Get('around/:id')
  @UseInterceptors(LockInterceptor('order:<params.id>', { wait: 0 }), Wrap)
  around(@Param('id', ParseIntPipe) id: number) {
    return { id, held: this.locks.current()?.resources };
  }

  @Get('around-missing/:id')
  @UseInterceptors(LockInterceptor('order:<params.id>', { wait: 0 }))
  aroundMissing(@Param('id') id: string) {
    throw new NotFoundException(`no order ${id}`);
  }

  @Get('around-skip')
  @UseInterceptors(LockInterceptor('skip', { wait: 0, onBusy: 'skip' }))
  aroundSkip() {
    return ran();
  }

  @Get('spelled/:id')
  @UseInterceptors(LockInterceptor('spelled:<params.id|int>', { wait: 0 }))
  spelled(@Param('id', ParseIntPipe) id: number) {
    return { id, held: this.locks.current()?.resources };
  }

  @Get('around-header')
  @UseInterceptors(LockInterceptor('tenant:<headers.X-Tenant>:<query.part>', { wait: 0 }))
  aroundHeader(@Req() _request: unknown) {
    return this.locks.current()?.resources;
  }

  @Sse('locked-stream/:id')
  @Locked('stream:<0>', { wait: 0, ttl: 700 })
  lockedStream(@Param('id') _id: string): Observable<{ data: string }> {
    queueMicrotask(() => {
      stream.subscribed.resolve();
    });
    return stream.source;
  }

  @Locked('stream:<0>', { wait: 0 })
  @Sse('inferred-stream/:id')
  // Without a return type that could be seen.
  inferredStream(@Param('id') _id: string) {
    setImmediate(() => {
      stream.subscribed.resolve();
    });
    return stream.source.asObservable();
  }

  @Get('locked-observable/:id')
  @Locked('order:<0>', { wait: 0 })
  lockedObservable(@Param('id') id: string): Observable<unknown> {
    return of({ id, held: this.locks.current()?.resources });
  }

  @Sse('stream/:id')
  @UseInterceptors(LockInterceptor('stream:<params.id>', { wait: 0 }))
  stream() {
    queueMicrotask(() => {
      stream.subscribed.resolve();
    });
    return stream.source;
  }
}

const platforms: [string, () => ExpressAdapter | FastifyAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

describe.each(platforms)('locks in an HTTP application on %s', (_platform, createAdapter) => {
  let app: INestApplication;
  let node: FaultyNode;

  async function start(
    options: Partial<RedlockModuleOptions> = {},
    configure: (app: INestApplication) => void = () => undefined,
  ) {
    node = new FaultyNode('n1', systemClock);
    const moduleRef = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [node], ...options })],
      controllers: [OrderController],
    }).compile();
    app = moduleRef.createNestApplication(createAdapter() as ExpressAdapter);
    app.useLogger(false);
    configure(app);
    await app.listen(0, '127.0.0.1');
  }

  beforeEach(() => {
    ran.mockReset().mockReturnValue('ran');
  });

  afterEach(async () => {
    await app.close();
  });

  const http = () => request(app.getHttpServer() as Parameters<typeof request>[0]);
  const get = async (path: string, status: number) => {
    const response = await http().get(path).expect(status);
    return { body: response.body as unknown, headers: response.headers };
  };
  const locks = () => app.get(LockService);

  describe('with the defaults', () => {
    beforeEach(() => start());

    it.each(['guard-below', 'guard-above', 'route-below'])('keeps the guard of %s', async (path) => {
      await http().get(`/${path}`).expect(403);
      expect(ran).not.toHaveBeenCalled();
    });

    it('locks what the pipes made of the arguments', async () => {
      await http()
        .get('/orders/007?part=a')
        .expect(200, { id: 7, part: 'a', held: ['order:7'] });
    });

    it('keeps pipes, status, headers and interceptors', async () => {
      await http()
        .post('/orders')
        .send({ id: 'a:b' })
        .expect(202, { wrapped: { id: 'a:b', transformed: true, held: ['order:a%3Ab'] } })
        .expect('x-order', 'yes');
      await http().post('/orders').send({ id: 7 }).expect(400);
    });

    it.each(['missing', 'around-missing'])('leaves the 404 of the handler a 404 on /%s', async (path) => {
      const { body } = await get(`/${path}/7`, 404);

      expect(body).toMatchObject({ message: 'no order 7' });
    });

    it.each(['orders/7', 'around/7', 'locked-observable/7'])(
      'answers 409 on /%s while somebody else holds the lock',
      async (path) => {
        await using _lock = await locks().acquire('order:7');

        await http().get(`/${path}`).expect(409, {
          statusCode: 409,
          error: 'Conflict',
          code: 'LOCK_BUSY',
          message: 'The resource is in use. Try again later.',
        });
      },
    );

    it('answers 503 with Retry-After while the nodes are down', async () => {
      node.fault = 'refused';

      const { body, headers } = await get('/orders/7', 503);

      expect(headers['retry-after']).toBe('1');
      expect(body).toMatchObject({ statusCode: 503, code: 'LOCK_UNAVAILABLE' });
      expect(JSON.stringify(body)).not.toMatch(/n1|order/);
    });

    it('answers 500 and asks no node when the key lacks a value', async () => {
      const { body } = await get('/keyless', 500);

      expect(body).toMatchObject({ code: 'LOCK_KEY_INVALID', message: 'Internal server error' });
      expect(ran).not.toHaveBeenCalled();
      expect(node.sent).toEqual([]);
    });

    it.each(['skip', 'around-skip'])('answers nothing on /%s while it is busy', async (path) => {
      await using lock = await locks().acquire('skip');

      expect((await http().get(`/${path}`).expect(200)).text).toBe('');
      expect(ran).not.toHaveBeenCalled();
      await lock.release();
      expect((await http().get(`/${path}`).expect(200)).text).toBe('ran');
    });

    it('lets a filter on the handler come first', async () => {
      await using _lock = await locks().acquire('order:7');

      await http().get('/own-filter/7').expect(418, { mine: 'LOCK_BUSY' });
    });

    it('holds the lock of an interceptor around pipes and inner interceptors', async () => {
      await http()
        .get('/around/7')
        .expect(200, { wrapped: { id: 7, held: ['order:7'] } });
    });

    it.each(['7', '07', '%37'])('locks the same for every spelling of a number: %s', async (spelling) => {
      await http()
        .get(`/spelled/${spelling}`)
        .expect(200, { id: 7, held: ['spelled:7'] });
      await using _lock = await locks().acquire('spelled:7');
      await http().get(`/spelled/${spelling}`).expect(409);
    });

    it('reads the key of an interceptor from headers and query', async () => {
      await http().get('/around-header?part=a').set('x-tenant', 'acme').expect(200, ['tenant:acme:a']);
      await http().get('/around-header').expect(400, {
        statusCode: 400,
        error: 'Bad Request',
        code: 'LOCK_KEY_INVALID',
        message: 'A value that names the resource is missing or wrong.',
      });
    });

    it.each(['stream', 'locked-stream', 'inferred-stream'])(
      'holds the lock of /%s until its client is gone',
      async (path) => {
        stream.subscribed = deferred();
        const client = httpGet(`${await app.getUrl()}/${path}/7`).on('error', () => undefined);
        await stream.subscribed.promise;
        await expect(locks().tryAcquire('stream:7')).resolves.toBeNull();

        client.destroy();

        await (await locks().acquire('stream:7', { wait: 10_000 })).release();
        expect(stream.source.observed).toBe(false);
      },
    );

    it('ends a stream as soon as its lock is lost', async () => {
      stream.subscribed = deferred();
      const ended = deferred<string>();
      httpGet(`${await app.getUrl()}/locked-stream/7`, (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () => {
          ended.resolve(text);
        });
      });
      await stream.subscribed.promise;
      stream.source.next({ data: 'first' });

      node.restartEmpty(); // and the next extension finds nothing

      const text = await ended.promise;
      expect(text).toContain('first');
      expect(stream.source.observed).toBe(false);
    });

    it('answers with the value of a locked Observable', async () => {
      await http()
        .get('/locked-observable/7')
        .expect(200, { id: '7', held: ['order:7'] });
    });

    it('gives the lock back when it has answered', async () => {
      await http().get('/orders/7').expect(200);
      await http().get('/around/7').expect(200);

      expect((await locks().inspect('order:7')).state).toBe('free');
    });
  });

  it('leaves lock errors to the filters of others when exceptionFilter is false', async () => {
    await start({ exceptionFilter: false });
    await using _lock = await locks().acquire('order:7');

    const { body, headers } = await get('/orders/7', 409);

    expect(body).toMatchObject({ statusCode: 409, code: 'LOCK_BUSY' }); // by the filter of Nest
    expect(headers).not.toHaveProperty('retry-after');
  });

  it('lets an application-wide filter of the user come first', async () => {
    await start({}, (starting) => starting.useGlobalFilters(new TeapotFilter(starting.get(HttpAdapterHost))));
    await using _lock = await locks().acquire('order:7');

    await http().get('/orders/7').expect(418);
  });
});
