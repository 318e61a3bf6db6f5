import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BoardHttp, json } from './board-http';

type Answer = (http: BoardHttp, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

interface Route {
  /** The method. HEAD is answered like GET, without a body. */
  readonly method: 'GET' | 'POST';
  readonly answer: Answer;
}

/** The routes by the path after the address of the page. */
const ROUTES = {
  '': {
    method: 'GET',
    answer: (http, ...bare) => {
      http.html(...bare);
    },
  },
  events: {
    method: 'GET',
    answer: (http, ...bare) => {
      http.events(...bare);
    },
  },
  state: { method: 'GET', answer: (http, ...bare) => http.state(...bare) },
  lock: { method: 'GET', answer: (http, ...bare) => http.lock(...bare) },
  release: { method: 'POST', answer: (http, ...bare) => http.release(...bare) },
} as const satisfies Record<string, Route>;

export type BoardRoute = keyof typeof ROUTES;

export const BOARD_ROUTES = Object.keys(ROUTES) as readonly BoardRoute[];

export function isBoardRoute(name: string): name is BoardRoute {
  return Object.hasOwn(ROUTES, name);
}

/** Tells if the route has an answer to this method. If not, this function has answered with 405. */
export function takesMethod(
  route: BoardRoute,
  { method = '' }: IncomingMessage,
  response: ServerResponse,
): boolean {
  const allowed = ROUTES[route].method === 'GET' ? ['GET', 'HEAD'] : ['POST'];
  if (allowed.includes(method)) return true;
  json(response, 405, { message: `Ask for this by ${allowed[0]}.` }, { allow: allowed.join(', ') });
  return false;
}

/** Answers a request whose method the route has. */
export function answerRoute(route: BoardRoute, ...args: Parameters<Answer>): void | Promise<void> {
  return ROUTES[route].answer(...args);
}
