import {
  Inject,
  Module,
  Optional,
  type DynamicModule,
  type NestModule,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { refuseBareModule } from '../service/bare-module';
import { checkConnection, NAMELESS } from '../service/lock-service-token';
import { systemRandomness } from '../system/system-randomness';
import { BOARD_HTTP, BOARD_PLACE, BOARD_SETTINGS } from './board.constants';
import { boardController } from './board.controller';
import { BoardLifecycle, type BoardPlace } from './board.lifecycle';
import {
  checkBoardAsyncOptions,
  checkBoardFactory,
  checkBoardPath,
  checkBoardSettings,
  type CheckedBoardSettings,
} from './check-board-options';
import { BoardHttp } from './core/board-http';
import { serveWithSlash } from './serve-with-slash';
import type {
  RedlockBoardAsyncOptions,
  RedlockBoardExtras,
  RedlockBoardOptions,
} from './redlock-board-options.interface';

/**
 * A live page of the locks: the holders, the state of the nodes, the contention. Import it beside `RedlockModule`.
 * It asks the nodes only while somebody watches the page.
 */
@Module({})
export class RedlockBoardModule implements NestModule, OnModuleInit {
  /** @internal */
  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Optional() @Inject(BOARD_PLACE) private readonly place?: BoardPlace,
  ) {}

  /**
   * Nest calls this when it has an HTTP server, and before it makes the routes.
   *
   * @internal
   */
  configure(): void {
    if (this.place !== undefined) serveWithSlash(this.host.httpAdapter, this.place.path);
  }

  /**
   * Fails if the class itself was imported.
   *
   * @internal
   */
  onModuleInit(): void {
    refuseBareModule(
      this.modules,
      BOARD_SETTINGS,
      'RedlockBoardModule',
      'is imported without its options, so there would be no page. Import RedlockBoardModule.forRoot({ authorize }).',
    );
  }

  /**
   * @throws LockOptionsError when the application starts: for example without `authorize`, or for a path that is
   *   taken
   *
   * @example
   * RedlockBoardModule.forRoot({
   *   path: 'locks',
   *   authorize: (request: Request) => request.user?.isOperator === true,
   * })
   */
  static forRoot(options: RedlockBoardOptions): DynamicModule {
    // Missing options are refused later, since they lack `authorize`.
    const { path, connection, ...settings } = (options as RedlockBoardOptions | null | undefined) ?? {};
    return boardModule({ path, connection }, [
      { provide: BOARD_SETTINGS, useFactory: () => checkBoardSettings(settings) },
    ]);
  }

  /**
   * Registers the board with options that come from other providers. `path` and `connection` stand beside
   * `useFactory`, since routes are made before it is called.
   *
   * @throws LockOptionsError at once for options that are no such, and when the application starts for what the
   *   factory returns
   *
   * @example
   * RedlockBoardModule.forRootAsync({
   *   path: 'locks',
   *   inject: [Sessions],
   *   useFactory: (sessions: Sessions) => ({ authorize: (request) => sessions.isOperator(request) }),
   * })
   */
  static forRootAsync(options: RedlockBoardAsyncOptions): DynamicModule {
    const {
      useFactory,
      inject = [],
      extraProviders = [],
      imports,
      path,
      connection,
    } = checkBoardAsyncOptions(options);
    return boardModule(
      { path, connection },
      [
        ...extraProviders,
        {
          provide: BOARD_SETTINGS,
          useFactory: async (...dependencies: unknown[]) =>
            checkBoardFactory(await useFactory(...dependencies)),
          inject,
        },
      ],
      imports,
    );
  }
}

function boardModule(
  { path = 'locks', connection = NAMELESS }: RedlockBoardExtras,
  settings: Provider[],
  imports: DynamicModule['imports'] = [],
): DynamicModule {
  checkConnection('connection', connection);
  const checkedPath = checkBoardPath(path);
  const controller = boardController(checkedPath);
  return {
    module: RedlockBoardModule,
    imports,
    controllers: [controller],
    providers: [
      ...settings,
      { provide: BOARD_PLACE, useValue: { path: checkedPath, connection, controller } satisfies BoardPlace },
      {
        provide: BOARD_HTTP,
        useFactory: ({ title, allowRelease }: CheckedBoardSettings) =>
          new BoardHttp({ title, allowRelease, randomness: systemRandomness }),
        inject: [BOARD_SETTINGS],
      },
      BoardLifecycle,
    ],
  };
}
