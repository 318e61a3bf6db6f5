import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Randomness } from '../../ports/randomness.interface';
import type { Board } from './board';
import { BoardPage } from './board-page';
import { cookieOf, isFromPage, pageToken } from './same-origin';

export interface BoardHttpSettings {
  readonly title: string;
  readonly allowRelease: boolean;
  readonly randomness: Pick<Randomness, 'secret'>;
}

/** Answers the requests of a board. It uses the requests and responses of Node, which every framework has. */
export class BoardHttp {
  private readonly page = new BoardPage();

  private started: Board | undefined;

  constructor(private readonly settings: BoardHttpSettings) {}

  /** Starts to answer: from now on there is a board to show. */
  start(board: Board): void {
    this.started = board;
  }

  close(): void {
    this.started?.close();
  }

  private get board(): Board {
    if (this.started === undefined) throw new Error('the board has not started yet');
    return this.started;
  }

  /** Answers with the page itself. */
  html(request: IncomingMessage, response: ServerResponse): void {
    const { title, allowRelease, randomness } = this.settings;
    // The page gets the token of the pages that this browser has open. With a new token, those could not release
    // locks any more.
    const token = pageToken(request.headers) ?? randomness.secret();
    const isSecure = 'encrypted' in request.socket || request.headers['x-forwarded-proto'] === 'https';
    answer(response, 200, this.page.html({ title, allowRelease, token }), {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': this.page.policy,
      'set-cookie': `${cookieOf(token)}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`,
    });
  }

  /** Answers with a stream of server-sent events: first everything, then the changes. */
  events({ method }: IncomingMessage, response: ServerResponse): void {
    // Compression could hold back the events of a stream. Nobody could tell that from a silent stream.
    const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };
    const { board } = this;
    if (!board.hasRoom) {
      json(response, 503, { message: 'The board has as many viewers as it may have, or is closing.' });
      return;
    }
    response.writeHead(200, { ...SAFE, ...headers, 'cache-control': 'no-store, no-transform' });
    // A HEAD request is no viewer: it would wait for an end, and use one of the places for viewers.
    if (method === 'HEAD') {
      response.end();
      return;
    }
    response.write('retry: 2000\n\n');
    board.join(response);
  }

  /** Answers with everything as JSON, for scripts. */
  async state(_request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      json(response, 200, await this.board.state());
    } catch (error) {
      json(response, 503, { message: (error as Error).message });
    }
  }

  /** Answers with one resource, node by node. */
  async lock(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const resource = query(request).get('resource');
    if (resource === null)
      json(response, 400, { message: 'The resource is missing: add ?resource= to the path.' });
    else json(response, 200, { resource, nodes: await this.board.partsOf(resource) });
  }

  async release(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [resource, holder] = ['resource', 'holder'].map((name) => query(request).get(name));
    if (!this.settings.allowRelease) {
      json(response, 403, { message: 'This board only shows: it was set up without allowRelease.' });
    } else if (!isFromPage(request.headers)) {
      json(response, 403, { message: 'Only a page of this board may release. Load it again.' });
    } else if (resource == null || holder == null) {
      json(response, 400, { message: 'Which lock? Give ?resource= and &holder=' });
    } else await this.releaseLock(response, resource, holder);
  }

  private async releaseLock(response: ServerResponse, resource: string, holder: string): Promise<void> {
    try {
      const releasedFrom = await this.board.release(resource, holder);
      if (releasedFrom !== undefined) json(response, 200, { resource, releasedFrom });
      else json(response, 409, { message: 'This holder does not have it any more. Nothing was released.' });
    } catch (error) {
      json(response, 503, { message: (error as Error).message });
    }
  }
}

const SAFE = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export function answer(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...SAFE, ...headers });
  response.end(body);
}

export function json(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  answer(response, status, JSON.stringify(body), {
    'content-type': 'application/json; charset=utf-8',
    ...headers,
  });
}

/**
 * Reads the query from the address as the client sent it. A proxy or a framework may have changed the path before
 * it.
 */
export function query(request: IncomingMessage): URLSearchParams {
  const { url = '' } = request;
  const at = url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
}
