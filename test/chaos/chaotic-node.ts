import { createServer } from 'node:net';
import { join } from 'node:path';
import { RedisServer } from '../helpers/redis-server';
import { TcpProxy } from '../helpers/tcp-proxy';
import type { Random } from '../simulation/random';
import { movableClock, type MovableClock } from './clock-shim';

/** A redis-server that writes everything to disk, the network in front of it, and its clock. */
export class ChaoticNode {
  private constructor(
    readonly name: string,
    readonly server: RedisServer,
    readonly proxy: TcpProxy,
    /** Undefined where clocks cannot be moved. */
    readonly clock: MovableClock | undefined,
  ) {}

  static async start(
    name: string,
    random: Random,
    directory: string,
    clockShim: string | undefined,
  ): Promise<ChaoticNode> {
    const clock =
      clockShim === undefined ? undefined : movableClock(clockShim, join(directory, `${name}.clock`));
    const server = await RedisServer.start({
      port: await findLowPort(random),
      args: ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'],
      env: clock?.env,
    });
    return new ChaoticNode(name, server, await TcpProxy.start(server.port), clock);
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.server.stop();
  }
}

/**
 * A free port below those that the operating system gives to outgoing connections: while the server is dead, a
 * connection of somebody else must not get its port.
 */
async function findLowPort(random: Random): Promise<number> {
  for (;;) {
    const port = random.whole(12_000, 30_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () =>
      server.close(() => {
        resolve(true);
      }),
    );
  });
}
