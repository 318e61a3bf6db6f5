import type { Connection, Server } from '../server-client.interface';
import { isCutOff } from './is-cut-off';
import type { Redis } from './ioredis';
import { resetConnection } from './reset-connection';

/** One server, and the connection of ioredis to it. */
export class IoredisServer implements Server {
  readonly address: string;
  readonly database: number;
  readonly isCutOff = isCutOff;

  constructor(protected readonly redis: Redis) {
    const { host = 'localhost', port = 6379, path, db = 0 } = redis.options;
    this.address = path ?? `${host}:${port}`;
    this.database = db;
  }

  get isReady(): boolean {
    return this.redis.status === 'ready';
  }

  get isGreeting(): boolean {
    return this.redis.status === 'connect';
  }

  get connection(): Connection | undefined {
    return this.redis.stream;
  }

  send(name: string, args: readonly (string | number)[] = []): Promise<unknown> {
    return this.redis.call(name, ...args);
  }

  reset(): void {
    resetConnection(this.redis);
  }
}
