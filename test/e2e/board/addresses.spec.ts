import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ForbiddenException,
  Module,
  RequestMethod,
  VersioningType,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
  type MiddlewareConsumer,
  type NestModule,
  type VersioningOptions,
} from '@nestjs/common';
import { NestFactory, RouterModule } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { RedlockBoardModule } from '../../../lib/board';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { RedlockModule } from '../../../lib/nest/redlock.module';
import { ensureBoardPage } from '../../helpers/board-page';
import { fetchWhole } from '../../helpers/fetch-whole';
import { SubPathProxy } from '../../helpers/sub-path-proxy';

const adapters: [string, () => FastifyAdapter | undefined][] = [
  ['Express', () => undefined],
  ['Fastify', () => new FastifyAdapter()],
];

const versionings: [string, VersioningOptions | undefined][] = [
  ['no versioning', undefined],
  ['versions in the address', { type: VersioningType.URI, defaultVersion: '1' }],
  ['versions in a header', { type: VersioningType.HEADER, header: 'x-version', defaultVersion: '1' }],
  ['versions in the media type', { type: VersioningType.MEDIA_TYPE, key: 'v=', defaultVersion: '1' }],
  ['versions of its own', { type: VersioningType.CUSTOM, extractor: () => '1', defaultVersion: '1' }],
];

beforeAll(() => {
  ensureBoardPage();
});

describe.each(adapters)('the addresses of the lock board on %s', (_name, newAdapter) => {
  let app: INestApplication;
  let proxy: SubPathProxy | undefined;
  let url: string;

  async function start(
    setUp: (app: INestApplication) => void = () => undefined,
    imports: DynamicModule[] = [
      RedlockBoardModule.forRoot({ path: 'ops/locks', allowUnauthenticated: true }),
    ],
  ): Promise<void> {
    const root: DynamicModule = {
      module: class App {},
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }), ...imports],
    };
    const adapter = newAdapter();
    const quiet = { logger: false as const, abortOnError: false };
    app =
      adapter === undefined
        ? await NestFactory.create(root, quiet)
        : await NestFactory.create(root, adapter, quiet);
    setUp(app);
    await listen();
  }

  async function listen(): Promise<void> {
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}`;
  }

  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
    await app.close();
  });

  /** What these paths below the address of a board answer: its page, or a status. */
  async function answersOf(board: string): Promise<Record<string, string | number>> {
    const answers: Record<string, string | number> = {};
    for (const path of Object.keys(SERVED)) {
      const response = await fetch(`${board}${path}`);
      const isPage = (await response.text()).includes('<title>Locks</title>');
      answers[path] = isPage ? 'page' : response.status;
    }
    return answers;
  }

  describe.each(versionings)('with %s', (_versioning, versioning) => {
    it.each(['', 'api', '/api/v2/', ':tenant'])(
      'has its page, with a slash too, below the prefix "%s"',
      async (prefix) => {
        await start((one) => {
          if (prefix !== '') one.setGlobalPrefix(prefix);
          if (versioning !== undefined) one.enableVersioning(versioning);
        });
        const below = prefix === '' ? '' : `/${prefix.replace(/^\/|\/$/g, '').replace(':tenant', 'acme')}`;

        expect(await answersOf(`${url}${below}/ops/locks`)).toEqual(SERVED);
      },
    );
  });

  it('are below the path of a module, and behind a proxy that strips its own', async () => {
    const board = RedlockBoardModule.forRoot({ path: 'ops/locks', allowUnauthenticated: true });
    @Module({ imports: [board] })
    class Back {}
    await start(undefined, [
      {
        module: class Routes {},
        imports: [Back, RouterModule.register([{ path: 'back', module: RedlockBoardModule }])],
      },
    ]);
    proxy = await SubPathProxy.start(url, '/shop');

    expect(await answersOf(`${url}/back/ops/locks`)).toEqual(SERVED);
    expect(await answersOf(`${proxy.url}/back/ops/locks`)).toEqual(SERVED);
  });

  it('are those of each of several boards', async () => {
    const open = { allowUnauthenticated: true };
    await start(undefined, [
      RedlockBoardModule.forRoot({ ...open, path: 'ops/locks' }),
      RedlockBoardModule.forRoot({ ...open, path: 'locks' }),
    ]);

    expect(await answersOf(`${url}/ops/locks`)).toEqual(SERVED);
    expect(await answersOf(`${url}/locks`)).toEqual(SERVED);
  });

  it('are served in a test of the application', async () => {
    const board = RedlockBoardModule.forRoot({ path: 'ops/locks', allowUnauthenticated: true });
    const tested = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }), board],
    }).compile();
    const adapter = newAdapter();
    const quiet = { logger: false as const };
    app =
      adapter === undefined
        ? tested.createNestApplication(quiet)
        : tested.createNestApplication(adapter, quiet);
    await listen();

    expect(await answersOf(`${url}/ops/locks`)).toEqual(SERVED);
  });

  it('all have the guards of the application before them, and its authorize', async () => {
    const guard: CanActivate = {
      canActivate(context: ExecutionContext) {
        const { query } = context.switchToHttp().getRequest<{ query: Record<string, unknown> }>();
        if (query['guard'] === 'no') throw new ForbiddenException();
        return true;
      },
    };
    const authorize = ({ query }: { query: Record<string, unknown> }) => query['authorize'] !== 'no';
    await start(
      (one) => one.useGlobalGuards(guard),
      [RedlockBoardModule.forRoot({ path: 'ops/locks', authorize })],
    );

    for (const path of ['', '/']) {
      const answers = ['', '?guard=no', '?authorize=no'].map((query) =>
        fetchWhole(`${url}/ops/locks${path}${query}`),
      );
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 403, 403]);
    }
  });

  it.each(['ops/locks', { path: '/ops/locks', method: RequestMethod.GET }])(
    'all have the middleware before them that the application has for %p',
    async (route) => {
      class Strict implements NestModule {
        configure(consumer: MiddlewareConsumer) {
          const refuse = (_request: unknown, response: ServerResponse) => {
            response.writeHead(401).end();
          };
          consumer.apply(refuse).forRoutes(route);
        }
      }
      await start(undefined, [
        RedlockBoardModule.forRoot({ path: 'ops/locks', allowUnauthenticated: true }),
        { module: Strict },
      ]);

      for (const path of ['', '/', '/?from=mail']) {
        expect((await fetchWhole(`${url}/ops/locks${path}`)).status).toBe(401);
      }
    },
  );
});

/** The paths below the address of a board, and what they answer. */
const SERVED = {
  ...{ '': 'page', '/': 'page', '?from=mail': 'page', '/?from=mail': 'page' },
  ...{ '/state': 200, '/state?x=/': 200, '/lock?resource=a': 200, '/x': 404, '//': 404 },
};

describe('the addresses of the lock board on Fastify', () => {
  const imports = [
    RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }),
    RedlockBoardModule.forRoot({ allowUnauthenticated: true }),
  ];
  const statusOf = async (app: INestApplication) => {
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
    return (await fetchWhole(`http://127.0.0.1:${port}/locks/`, { redirect: 'manual' })).status;
  };
  const create = (adapter: FastifyAdapter) =>
    NestFactory.create({ module: class App {}, imports }, adapter, { logger: false, abortOnError: false });

  it.each([{ ignoreTrailingSlash: true }, { routerOptions: { ignoreTrailingSlash: true } }])(
    'are no two where it was told %p',
    async (options) => {
      const app = await create(new FastifyAdapter(options));

      expect(await statusOf(app)).toBe(200);
      await app.close();
    },
  );

  it('leave what the application has made at the one with a slash', async () => {
    const adapter = new FastifyAdapter();
    adapter.getInstance().get('/locks/', (_request, reply) => reply.redirect('/locks'));
    const app = await create(adapter);

    expect(await statusOf(app)).toBe(302);
    await app.close();
  });
});
