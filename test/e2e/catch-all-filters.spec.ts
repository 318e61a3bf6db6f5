import {
  Catch,
  Controller,
  Get,
  HttpException,
  HttpStatus,
  Injectable,
  Logger,
  Module,
  UseFilters,
  UseInterceptors,
  type ArgumentsHost,
  type ExceptionFilter,
  type INestApplication,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import {
  LockBusyError,
  LockError,
  LockInterceptor,
  LockLostError,
  Locked,
  LockService,
  RedlockModule,
  toHttpException,
  type RedlockModuleOptions,
} from '../../lib';
import { systemClock } from '../../lib/system/system-clock';
import { FaultyNode } from '../helpers/faulty-node';

/** As in the documentation of Nest. */
@Catch()
@Injectable()
class CatchEverythingFilter implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const statusCode =
      exception instanceof HttpException ? exception.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
    const body = { statusCode, path: 'path' };
    httpAdapter.reply(host.switchToHttp().getResponse(), body, statusCode);
  }
}

/** As reporters of errors have it: what is no answer to a client is reported, and Nest answers. */
@Catch()
class ReportingFilter extends BaseExceptionFilter {
  static reported: unknown[] = [];

  override catch(exception: unknown, host: ArgumentsHost): void {
    if (!(exception instanceof HttpException)) ReportingFilter.reported.push(exception);
    super.catch(exception, host);
  }
}

/** With a mapping of its own. */
@Catch()
class MappingFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    super.catch(
      exception instanceof LockError ? toHttpException(exception, { busy: { statusCode: 429 } }) : exception,
      host,
    );
  }
}

@Module({ providers: [{ provide: APP_FILTER, useClass: CatchEverythingFilter }] })
class FiltersModule {}

@Controller()
class OrderController {
  constructor(private readonly locks: LockService) {}

  @Get('locked')
  @Locked('order:7', { wait: 0 })
  async locked() {
    return Promise.resolve('ran');
  }

  @Get('intercepted')
  @UseInterceptors(LockInterceptor('order:7', { wait: 0 }))
  intercepted() {
    return 'ran';
  }

  @Get('of-client')
  @UseInterceptors(LockInterceptor('order:<query.id|int>'))
  ofClient() {
    return 'ran';
  }

  @Get('of-guard')
  @UseInterceptors(LockInterceptor('order:<user.id>'))
  ofGuard() {
    return 'ran';
  }

  @Get('filtered')
  @UseFilters(CatchEverythingFilter)
  @Locked('order:7', { wait: 0 })
  async filtered() {
    return Promise.resolve('ran');
  }

  @Get('acquired')
  async acquired() {
    await using _lock = await this.locks.acquire('order:7', { wait: 0 });
    return 'ran';
  }

  @Get('with-lock')
  async withLock() {
    return this.locks.withLock('order:7', { wait: 0 }, () => 'ran');
  }

  @Get('lost')
  async lost() {
    return Promise.reject(new LockLostError({ resources: ['order:7'], reason: 'expired' }));
  }
}

const PATHS = ['locked', 'intercepted', 'acquired', 'with-lock'];

const platforms: [string, () => ExpressAdapter | FastifyAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

describe.each(platforms)(
  'lock errors beside the filters of an application, on %s',
  (_platform, newAdapter) => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    const apps: INestApplication[] = [];

    beforeEach(() => {
      ReportingFilter.reported = [];
      log.mockClear();
    });

    afterEach(async () => {
      await Promise.all(apps.splice(0).map((app) => app.close()));
    });

    async function start(
      options: Partial<RedlockModuleOptions> = {},
      {
        imports = [],
        providers = [],
        filter,
      }: { imports?: (typeof FiltersModule)[]; providers?: Provider[]; filter?: FilterMaker } = {},
    ) {
      const node = new FaultyNode('n1', systemClock);
      const module = await Test.createTestingModule({
        imports: [RedlockModule.forRoot({ nodes: [node], ...options }), ...imports],
        controllers: [OrderController],
        providers,
      }).compile();
      const app = module.createNestApplication(newAdapter() as ExpressAdapter, { logger: false });
      apps.push(app);
      if (filter !== undefined) app.useGlobalFilters(filter(app.get(HttpAdapterHost)));
      await app.listen(0, '127.0.0.1');
      const get = async (path: string) => {
        const { status, text, headers } = await request(
          app.getHttpServer() as Parameters<typeof request>[0],
        ).get(`/${path}`);
        expect(text).not.toMatch(/order:7|n1|another/);
        return { status, body: JSON.parse(text) as unknown, retryAfter: headers['retry-after'] };
      };
      return { get, locks: app.get(LockService), node };
    }

    type FilterMaker = (adapterHost: HttpAdapterHost) => ExceptionFilter;
    const catchEverything = (adapterHost: HttpAdapterHost) => new CatchEverythingFilter(adapterHost);
    const reporting = ({ httpAdapter }: HttpAdapterHost) => new ReportingFilter(httpAdapter);

    it.each<[string, Parameters<typeof start>[1]]>([
      ['useGlobalFilters', { filter: catchEverything }],
      ['a module that is imported after RedlockModule', { imports: [FiltersModule] }],
    ])(
      'are a 409 and a 503 to the catch-all filter of the documentation of Nest, by %s',
      async (_by, filters) => {
        const { get, locks, node } = await start({}, filters);
        const lock = await locks.acquire('order:7');

        for (const path of PATHS) {
          await expect(get(path)).resolves.toMatchObject({ status: 409, body: { statusCode: 409 } });
        }
        await lock.release();
        node.refuse();
        for (const path of PATHS) {
          await expect(get(path)).resolves.toMatchObject({ status: 503, body: { statusCode: 503 } });
        }
        await expect(get('lost')).resolves.toMatchObject({ status: 500 });
        for (const path of ['of-client', 'of-client?id=x']) {
          await expect(get(path)).resolves.toMatchObject({ status: 400, body: { statusCode: 400 } });
        }
        await expect(get('of-guard')).resolves.toMatchObject({ status: 500 });
      },
    );

    it('are answered by our filter where theirs is a provider of the module that imports RedlockModule', async () => {
      const providers = [{ provide: APP_FILTER, useClass: CatchEverythingFilter }];
      const ours = await start({}, { providers });
      const theirs = await start({ exceptionFilter: false }, { providers });
      await using _ours = await ours.locks.acquire('order:7');
      await using _theirs = await theirs.locks.acquire('order:7');

      expect(await ours.get('locked')).toMatchObject({
        status: 409,
        body: { code: 'LOCK_BUSY' },
        retryAfter: '1',
      });
      expect(await theirs.get('locked')).toMatchObject({ status: 409, body: { path: 'path' } });
    });

    it('are answered by a filter that stands on the controller or the handler', async () => {
      const { get, locks } = await start();
      await using _lock = await locks.acquire('order:7');

      expect(await get('filtered')).toMatchObject({ status: 409, body: { statusCode: 409, path: 'path' } });
    });

    it('are answered by the filter of Nest, with their code; what is a fault is reported and logged', async () => {
      const { get, locks, node } = await start({}, { filter: reporting });
      const lock = await locks.acquire('order:7');

      await expect(get('locked')).resolves.toMatchObject({
        status: 409,
        body: {
          statusCode: 409,
          error: 'Conflict',
          code: 'LOCK_BUSY',
          message: 'The resource is in use. Try again later.',
        },
      });
      await lock.release();
      node.refuse();
      await expect(get('locked')).resolves.toMatchObject({ status: 503, body: { code: 'LOCK_UNAVAILABLE' } });
      await expect(get('of-client')).resolves.toMatchObject({
        status: 400,
        body: { statusCode: 400, error: 'Bad Request', code: 'LOCK_KEY_INVALID' },
      });
      expect(ReportingFilter.reported).toEqual([]);
      expect(log).not.toHaveBeenCalled();

      await expect(get('lost')).resolves.toMatchObject({ status: 500, body: { statusCode: 500 } });
      expect(ReportingFilter.reported).toEqual([expect.any(LockLostError)]);
      expect(log).toHaveBeenCalled();
    });

    it('are answered as `answers` says, with and without a filter of ours', async () => {
      const answers = { busy: { statusCode: 423, message: 'Busy', retryAfter: 5_000 } };
      const body = { statusCode: 423, error: 'Locked', code: 'LOCK_BUSY', message: 'Busy' };
      const ours = await start({ answers });
      const theirs = await start({ answers, exceptionFilter: false });
      expect(await ours.get('of-client')).toMatchObject({ status: 400 });
      expect(await theirs.get('of-client')).toMatchObject({ status: 400 });
      const plain = await start({ exceptionFilter: false });
      await using _ours = await ours.locks.acquire('order:7');
      await using _theirs = await theirs.locks.acquire('order:7');
      await using _plain = await plain.locks.acquire('order:7');

      for (const path of PATHS) {
        expect(await ours.get(path)).toEqual({ status: 423, body, retryAfter: '5' });
        expect(await theirs.get(path)).toMatchObject({ status: 423, body });
        expect(await plain.get(path)).toMatchObject({ status: 409 });
      }
    });

    it('have no Retry-After where `answers` leaves it out', async () => {
      const { get, locks } = await start({ answers: { busy: { retryAfter: false } } });
      await using _lock = await locks.acquire('order:7');

      expect(await get('locked')).toMatchObject({ status: 409, retryAfter: undefined });
    });

    it('can be mapped by a filter of the application', async () => {
      const { get, locks } = await start({}, { filter: ({ httpAdapter }) => new MappingFilter(httpAdapter) });
      await using _lock = await locks.acquire('order:7');

      expect(await get('locked')).toMatchObject({ status: 429, body: { code: 'LOCK_BUSY' } });
    });

    it('refuse answers that cannot be meant when the application starts', async () => {
      await expect(start({ answers: { busy: { statusCode: 200 } } })).rejects.toMatchObject({
        code: 'LOCK_OPTIONS_INVALID',
        option: 'answers.busy.statusCode',
      });
    });

    it('stay errors of locks, with all of their facts', async () => {
      const { locks } = await start();
      await using _lock = await locks.acquire('order:7');

      const error = await locks.acquire('order:7', { wait: 0 }).catch((reason: unknown) => reason);

      expect(error).toBeInstanceOf(LockBusyError);
      expect(error).toBeInstanceOf(LockError);
      expect(error).toBeInstanceOf(HttpException);
      expect(error).toMatchObject({ name: 'LockBusyError', code: 'LOCK_BUSY', resources: ['order:7'] });
      expect(error).toMatchObject({ status: 409, statusCode: 409 });
      expect(new LockLostError({ resources: ['a'], reason: 'gone' })).not.toBeInstanceOf(HttpException);
      expect(new Error('order:7')).not.toBeInstanceOf(LockError);
    });
  },
);
