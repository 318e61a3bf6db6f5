import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  All,
  Controller,
  ForbiddenException,
  Inject,
  Req,
  Res,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import type { BoardHttp } from './core/board-http';
import { answerRoute, type BoardRoute, takesMethod } from './core/board-routes';
import { BOARD_HTTP, BOARD_SETTINGS } from './board.constants';
import type { CheckedBoardSettings } from './check-board-options';
import { BoardPageRoute } from './serve-with-slash';
import type { BoardAction } from './redlock-board-options.interface';

/** The request of Fastify has the request of Node inside. The request of Express is one. */
interface FrameworkRequest {
  readonly raw?: IncomingMessage;
}

interface FrameworkResponse {
  readonly raw?: ServerResponse;
  hijack?(): void;
}

/**
 * Makes the controller with the routes of a board, below its path. The routes follow what the application sets up
 * for all controllers: a global prefix, guards, middleware. They write the answers themselves, so that no
 * interceptor changes them.
 */
export function boardController(path: string): Type<unknown> {
  @Controller({ path, version: VERSION_NEUTRAL })
  class RedlockBoardController {
    constructor(
      @Inject(BOARD_HTTP) private readonly http: BoardHttp,
      @Inject(BOARD_SETTINGS) private readonly settings: CheckedBoardSettings,
    ) {}

    @All()
    @BoardPageRoute(path)
    page(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<void> {
      return this.answer(request, response, '');
    }

    @All('events')
    events(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<void> {
      return this.answer(request, response, 'events');
    }

    @All('state')
    state(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<void> {
      return this.answer(request, response, 'state');
    }

    @All('lock')
    lock(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<void> {
      return this.answer(request, response, 'lock');
    }

    @All('release')
    release(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<void> {
      return this.answer(request, response, 'release');
    }

    private async answer(
      request: FrameworkRequest,
      response: FrameworkResponse,
      route: BoardRoute,
    ): Promise<void> {
      const { authorize } = this.settings;
      const action: BoardAction = route === 'release' ? 'release' : 'view';
      const isAllowed: unknown = authorize === undefined ? true : await authorize(request, action);
      if (isAllowed !== true) throw new ForbiddenException('You may not see these locks.');
      response.hijack?.();
      const bare = [
        request.raw ?? (request as IncomingMessage),
        response.raw ?? (response as ServerResponse),
      ] as const;
      if (takesMethod(route, ...bare)) await answerRoute(route, this.http, ...bare);
    }
  }
  // @nestjs/swagger leaves these routes out, since they are no part of the API of the application.
  Reflect.defineMetadata('swagger/apiExcludeController', [true], RedlockBoardController);
  return RedlockBoardController;
}
