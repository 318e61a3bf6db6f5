import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLockService, type LockService } from '../../lib';
import { type RedisServer, startRedisServers } from './redis-server';

/** The places that the documents name, for real: three Redis masters, and the web services of others. */
export class DocumentWorld {
  /** What the web services were asked, as `POST /book/7`. */
  readonly requests: string[] = [];
  /** Runs before a web service answers. */
  onRequest: (request: string) => Promise<unknown> = () => Promise.resolve();

  private constructor(
    readonly masters: readonly RedisServer[],
    private readonly web: Server,
    /** Another process that wants the same locks: it waits for nobody. */
    readonly others: LockService,
  ) {
    web.on('request', (request, response) => {
      const asked = `${request.method ?? ''} ${request.url ?? ''}`;
      this.requests.push(asked);
      void this.onRequest(asked).then(() => response.end('{}'));
    });
  }

  static async start(): Promise<DocumentWorld> {
    const masters = await startRedisServers(3);
    const web = createServer().listen(0, '127.0.0.1');
    await once(web, 'listening');
    const nodes = masters.map(({ url }) => url);
    const others = createLockService({ nodes, defaults: { wait: 0 } });
    await others.ready();
    return new DocumentWorld(masters, web, others);
  }

  get nodes(): string[] {
    return this.masters.map(({ url }) => url);
  }

  /** Puts these places into an example. */
  readonly change = (code: string): string => {
    const { port } = this.web.address() as AddressInfo;
    return this.nodes
      .reduce(
        (text, url, i) => text.replaceAll(new RegExp(`redis://(locks-)?${'abc'[i]}:6379`, 'g'), url),
        code,
      )
      .replaceAll(/https:\/\/\w+\.(example|internal)/g, `http://127.0.0.1:${port}`);
  };

  /** Whether nobody else can have the lock. */
  async isHeld(resource: string): Promise<boolean> {
    return this.others.isLocked(resource);
  }

  async stop(): Promise<void> {
    await this.others.close();
    this.web.closeAllConnections();
    this.web.close();
    await Promise.all(this.masters.map((master) => master.stop()));
  }
}
