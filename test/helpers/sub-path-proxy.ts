import { createServer, request as ask, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A reverse proxy that puts an application below a path, as an ingress does: `/ops/locks` is `/locks` there. */
export class SubPathProxy {
  /** How many requests were passed on. */
  passed = 0;

  private constructor(
    private readonly server: Server,
    private readonly settings: { target: string; below: string; passes(path: string): boolean },
  ) {}

  /**
   * @param target the address of the application
   * @param below what is put before its paths
   * @param passes which paths, as the browser asks for them, are passed on; all others are answered with 404
   */
  static async start(
    target: string,
    below: string,
    passes: (path: string) => boolean = () => true,
  ): Promise<SubPathProxy> {
    const server = createServer();
    const proxy = new SubPathProxy(server, { target, below, passes });
    server.on('request', (request, response) => {
      const { url = '/' } = request;
      const path = url.replace(/\?.*/s, '');
      if (!path.startsWith(below) || !proxy.settings.passes(path)) {
        response.writeHead(404).end('no such place');
        return;
      }
      proxy.passed += 1;
      const to = new URL(url.slice(below.length), target);
      const headers = {
        ...request.headers,
        host: to.host,
        'x-forwarded-host': request.headers.host,
        'x-forwarded-prefix': below,
      };
      const passedOn = ask(to, { method: request.method, headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      passedOn.on('error', () => {
        if (!response.headersSent) response.writeHead(502);
        response.end();
      });
      response.on('close', () => passedOn.destroy());
      request.pipe(passedOn);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${this.settings.below}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
      this.server.closeAllConnections();
    });
  }
}
