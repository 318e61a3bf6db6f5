import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { getLockServiceToken, NAMELESS } from '../service/lock-service-token';
import { LockOptionsError } from '../errors/lock-options.error';
import type { LockService } from '../service/lock.service';
import { systemClock } from '../system/system-clock';
import { BOARD_HTTP, BOARD_PLACE, BOARD_SETTINGS } from './board.constants';
import type { CheckedBoardSettings } from './check-board-options';
import { Board } from './core/board';
import type { BoardHttp } from './core/board-http';
import { BOARD_ROUTES } from './core/board-routes';

/** The place of one board. */
export interface BoardPlace {
  readonly path: string;
  /** The name of the lock service. */
  readonly connection: string;
  readonly controller: Type<unknown>;
}

/**
 * Starts the board when the lock service is there, checks that no other controller has its routes, and ends it
 * with the application.
 */
@Injectable()
export class BoardLifecycle implements OnModuleInit, BeforeApplicationShutdown {
  constructor(
    @Inject(BOARD_HTTP) private readonly http: BoardHttp,
    @Inject(BOARD_PLACE) private readonly place: BoardPlace,
    @Inject(BOARD_SETTINGS) private readonly settings: CheckedBoardSettings,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
  ) {
    // This check runs before the routes are made: Fastify would fail there with a less clear error.
    this.refuseTakenPath();
  }

  onModuleInit(): void {
    const { interval, limit } = this.settings;
    this.http.start(new Board(this.service(), { clock: systemClock, intervalMs: interval, limit }));
  }

  private service(): LockService {
    const { connection } = this.place;
    const token = getLockServiceToken(connection === NAMELESS ? undefined : connection);
    try {
      return this.moduleRef.get<LockService>(token, { strict: false });
    } catch {
      throw new LockOptionsError(
        'connection',
        `is '${connection}', but this application has no such lock service. Import RedlockModule with that name.`,
      );
    }
  }

  /**
   * Refuses a path that another controller has. The first controller of a route gets its requests, so one of the
   * two would never be called.
   */
  private refuseTakenPath(): void {
    const { path, controller } = this.place;
    const ours = new Set(BOARD_ROUTES.map((route) => (route === '' ? path : `${path}/${route}`)));
    for (const { controllers } of this.modules.values()) {
      for (const { metatype } of controllers.values()) {
        const taken =
          metatype === controller || metatype === null
            ? undefined
            : pathsOf(metatype).find((one) => ours.has(one));
        if (taken === undefined) continue;
        throw new LockOptionsError(
          'path',
          `is '${path}', but ${metatype?.name ?? 'a controller'} answers at '/${taken}'. Give the board another path.`,
        );
      }
    }
  }

  /** The board ends before the server is closed, which waits for open streams. */
  beforeApplicationShutdown(): void {
    this.http.close();
  }
}

/** The paths of a controller, without slashes around them. */
function pathsOf(controller: { readonly prototype?: unknown }): string[] {
  const bases = listOf(Reflect.getMetadata('path', controller));
  const prototype = controller.prototype as object | undefined;
  const names = prototype === undefined ? [] : Object.getOwnPropertyNames(prototype);
  const routes = names.flatMap((name) => {
    const method = Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown;
    return typeof method === 'function' ? listOf(Reflect.getMetadata('path', method)) : [];
  });
  return bases.flatMap((base) =>
    routes.map((route) => `${base}/${route}`.replace(/\/+/g, '/').replace(/^\/|\/$/g, '')),
  );
}

function listOf(path: unknown): string[] {
  return [path].flat().filter((one): one is string => typeof one === 'string');
}
