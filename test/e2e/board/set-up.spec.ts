import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  All,
  Controller,
  type DynamicModule,
  Get,
  Injectable,
  Module,
  Post,
  type INestApplication,
  type Type,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { RedlockBoardModule, type BoardState } from '../../../lib/board';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { RedlockModule } from '../../../lib/nest/redlock.module';
import { ensureBoardPage } from '../../helpers/board-page';
import { fetchWhole } from '../../helpers/fetch-whole';

@Injectable()
class Sessions {
  isOperator(name: unknown): boolean {
    return name === 'ann';
  }
}

@Module({ providers: [Sessions], exports: [Sessions] })
class SessionsModule {}

interface Asking {
  readonly headers: NodeJS.Dict<string | string[]>;
}

const adapters: [string, () => FastifyAdapter | undefined][] = [
  ['Express', () => undefined],
  ['Fastify', () => new FastifyAdapter()],
];

beforeAll(() => {
  ensureBoardPage();
});

describe.each(adapters)('the set-up of the lock board on %s', (_name, newAdapter) => {
  let app: INestApplication | undefined;
  let url: string;

  async function start(boards: DynamicModule[], others: DynamicModule['imports'] = []): Promise<void> {
    const root: DynamicModule = {
      module: class App {},
      imports: [
        ...others,
        RedlockModule.forRoot({ nodes: [new MemoryLockNode({ name: 'first' })] }),
        RedlockModule.forRoot({ nodes: [new MemoryLockNode({ name: 'second' })], name: 'billing' }),
        ...boards,
      ],
    };
    const adapter = newAdapter();
    const quiet = { logger: false as const, abortOnError: false };
    app =
      adapter === undefined
        ? await NestFactory.create(root, quiet)
        : await NestFactory.create(root, adapter, quiet);
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}`;
  }

  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await fetchWhole(`${url}${path}`, { headers })).status;
  const failure = (starting: Promise<void>): Promise<string> =>
    starting.then(
      () => 'it started',
      (error: unknown) => (error as Error).message,
    );

  describe('with forRootAsync', () => {
    it('takes its options from other providers, by a promise too', async () => {
      await start([
        RedlockBoardModule.forRootAsync({
          path: 'ops/locks',
          imports: [SessionsModule],
          inject: [Sessions],
          useFactory: async (sessions: Sessions) => {
            await Promise.resolve();
            return {
              authorize: ({ headers }: Asking) => sessions.isOperator(headers['x-user']),
              title: 'Ours',
            };
          },
        }),
      ]);

      expect(await status('/ops/locks')).toBe(403);
      expect(await status('/ops/locks', { 'x-user': 'ann' })).toBe(200);
      const page = await (await fetch(`${url}/ops/locks`, { headers: { 'x-user': 'ann' } })).text();
      expect(page).toContain('<title>Ours</title>');
    });

    it('takes them from providers of its own, and those that are optional', async () => {
      await start([
        RedlockBoardModule.forRootAsync({
          extraProviders: [{ provide: 'OPERATORS', useValue: ['ann'] }],
          inject: ['OPERATORS', { token: 'NOBODY_HAS_THIS', optional: true }],
          useFactory: (operators: string[], nothing?: unknown) => ({
            authorize: ({ headers }: Asking) =>
              nothing === undefined && operators.includes(String(headers['x-user'])),
          }),
        }),
      ]);

      expect(await status('/locks', { 'x-user': 'ann' })).toBe(200);
      expect(await status('/locks', { 'x-user': 'eve' })).toBe(403);
    });

    it.each<[string, () => object, RegExp]>([
      ['no options', () => ({}), /authorize: is missing/],
      [
        'an option that is none',
        () => ({ allowUnauthenticated: true, colour: 'x' }),
        /colour: is not an option/,
      ],
      ['an option that stands beside it', () => ({ allowUnauthenticated: true, path: 'x' }), /path: must be/],
      ['nothing', () => undefined as unknown as object, /options/],
    ])('does not start with a factory that gives %s', async (_what, useFactory, message) => {
      expect(await failure(start([RedlockBoardModule.forRootAsync({ useFactory })]))).toMatch(message);
    });

    it('does not start with a factory that fails, and says why', async () => {
      const useFactory = () => Promise.reject(new Error('no sessions here'));

      expect(await failure(start([RedlockBoardModule.forRootAsync({ useFactory })]))).toBe(
        'no sessions here',
      );
    });
  });

  it('has a board for each lock service, each with its own locks', async () => {
    const open = { allowUnauthenticated: true };
    await start([
      RedlockBoardModule.forRoot(open),
      RedlockBoardModule.forRoot({ ...open, path: 'billing-locks', connection: 'billing' }),
    ]);

    const nodesOf = async (path: string) => {
      const { nodes } = (await (await fetch(`${url}${path}/state`)).json()) as BoardState;
      return nodes.map(({ node }) => node);
    };
    expect(await nodesOf('/locks')).toEqual(['first']);
    expect(await nodesOf('/billing-locks')).toEqual(['second']);
  });

  describe('does not start at a path that is taken', () => {
    @Controller('locks')
    class OfPage {
      @Get()
      all(): string {
        return 'mine';
      }
    }

    @Controller()
    class OfData {
      @Get(['help', 'locks/state'])
      all(): string {
        return 'mine';
      }
    }

    @Controller(['a', '/locks/'])
    class OfSeveral {
      @All('release')
      all(): string {
        return 'mine';
      }
    }

    @Controller({ path: 'locks', version: VERSION_NEUTRAL })
    class OfNoVersion {
      @Post('/events/')
      all(): string {
        return 'mine';
      }
    }

    const open = { allowUnauthenticated: true };

    it.each<[Type, string]>([
      [OfPage, '/locks'],
      [OfData, '/locks/state'],
      [OfSeveral, '/locks/release'],
      [OfNoVersion, '/locks/events'],
    ])('by %p', async (controller, place) => {
      const others = [{ module: class Others {}, controllers: [controller] }];

      expect(await failure(start([RedlockBoardModule.forRoot(open)], others))).toBe(
        `path: is 'locks', but ${controller.name} answers at '${place}'. Give the board another path.`,
      );
    });

    it('by another board', async () => {
      const boards = [
        RedlockBoardModule.forRoot(open),
        RedlockBoardModule.forRoot({ ...open, connection: 'billing' }),
      ];

      expect(await failure(start(boards))).toMatch(/^path: is 'locks', but .* answers at '\/locks'/);
    });

    it('but starts beside other routes below the same path', async () => {
      @Controller('locks')
      class Beside {
        @Get('help')
        all(): string {
          return 'mine';
        }
      }
      await start([RedlockBoardModule.forRoot(open)], [{ module: class Others {}, controllers: [Beside] }]);

      expect(await (await fetch(`${url}/locks/help`)).text()).toBe('mine');
      expect(await status('/locks')).toBe(200);
    });
  });
});
