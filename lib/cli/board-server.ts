import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BoardHttp, json } from '../board/core/board-http';
import { answerRoute, isBoardRoute, takesMethod } from '../board/core/board-routes';

/** The names of this machine that a browser may have in its address. */
const LOOPBACK = ['127.0.0.1', 'localhost'];

/**
 * Serves a board to browsers of this machine, under an address with a secret. A page of another site does not know
 * the secret, so it cannot read the board. If a name of such a site leads to this machine (DNS rebinding), its
 * requests are refused by that name.
 */
export class BoardServer {
  private readonly server: Server;

  constructor(
    private readonly http: BoardHttp,
    private readonly secret: string,
  ) {
    this.server = createServer((request, response) => {
      void this.answer(request, response);
    });
  }

  /**
   * @param port 0: any free port
   * @returns the address of the page
   * @throws Error if the port is taken
   */
  listen(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        this.server.off('error', reject);
        resolve(`http://127.0.0.1:${this.port}/${this.secret}/`);
      });
    });
  }

  /** Ends the streams of all pages, and waits for no other request. */
  close(): Promise<void> {
    this.http.close();
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
      this.server.closeAllConnections();
    });
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // There is no proxy on the way to a loopback address, so what a proxy says of itself is ignored.
    delete request.headers['x-forwarded-host'];
    if (!this.isForUs(request.headers.host)) {
      json(response, 421, {
        message: 'This is the lock board of a terminal. Open it by the address that was printed.',
      });
      return;
    }
    const [, secret = '', ...rest] = (request.url ?? '').replace(/\?.*$/s, '').split('/');
    if (!isSame(secret, this.secret)) {
      json(response, 404, {
        message: 'Not found. The address of the lock board has a secret in it; copy all of it.',
      });
      return;
    }
    if (rest.length === 0) {
      // The page finds its data below its own address, which has to end with a slash.
      response.writeHead(308, { location: `/${secret}/`, 'cache-control': 'no-store' }).end();
      return;
    }
    const route = rest.join('/');
    if (!isBoardRoute(route)) json(response, 404, { message: 'Not found.' });
    else if (takesMethod(route, request, response)) await answerRoute(route, this.http, request, response);
  }

  /**
   * Tells if the request names this machine. A browser sends the name in its address line, wherever that name
   * leads.
   */
  private isForUs(host: string | undefined): boolean {
    return LOOPBACK.some((name) => host === `${name}:${this.port}` || (this.port === 80 && host === name));
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
