import type { LockService } from '../../lib/service/lock.service';
import { type RedisServer, startRedisServers } from './redis-server';
import { TcpProxy } from './tcp-proxy';

/** Three masters, a proxy in front of each, and the services that a test opens: those are closed after it. */
export interface Network {
  readonly servers: RedisServer[];
  readonly proxies: TcpProxy[];
  readonly services: LockService[];
}

/** A new one for each test of this file, in the same arrays. */
export function networkForEachTest(): Network {
  const servers: RedisServer[] = [];
  const proxies: TcpProxy[] = [];
  const services: LockService[] = [];

  beforeEach(async () => {
    servers.push(...(await startRedisServers(3)));
    proxies.push(...(await Promise.all(servers.map(({ port }) => TcpProxy.start(port)))));
  });

  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.close()));
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  return { servers, proxies, services };
}
