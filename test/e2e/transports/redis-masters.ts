import { type DynamicModule } from '@nestjs/common';
import { createLockService, RedlockModule, type LockService } from '../../../lib';
import { RedisServer, startRedisServers } from '../../helpers/redis-server';

/** Three Redis masters for locks, and somebody else who locks there. */
export class RedisMasters {
  private constructor(
    private readonly servers: readonly RedisServer[],
    readonly others: LockService,
  ) {}

  static async start(): Promise<RedisMasters> {
    const servers = await startRedisServers(3);
    return new RedisMasters(servers, createLockService(optionsFor(servers)));
  }

  module(): DynamicModule {
    return RedlockModule.forRoot(optionsFor(this.servers));
  }

  /** Silent, but not gone: so that they are there again at once, and have not restarted. */
  fail(): Promise<() => Promise<void>> {
    for (const server of this.servers) server.pause();
    return Promise.resolve(async () => {
      for (const server of this.servers) server.resume();
      await (await this.others.acquire('repaired', { wait: 10_000 })).release();
    });
  }

  async stop(): Promise<void> {
    await this.others.close();
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

function optionsFor(servers: readonly RedisServer[]) {
  return { nodes: servers.map(({ url }) => url), nodeTimeout: 250 };
}
