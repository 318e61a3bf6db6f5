import type { Connection, Server } from '../server-client.interface';
import type { Redis } from './ioredis';
import { IoredisAskable } from './ioredis-askable';
import { resetConnection } from './reset-connection';

/** One server, and the connection of ioredis to it. */
export class IoredisServer extends IoredisAskable<Redis> implements Server {
  readonly address: string;
  readonly database: number;

  constructor(redis: Redis) {
    super(redis);
    const { host = 'localhost', port = 6379, path, db = 0 } = redis.options;
    this.address = path ?? `${host}:${port}`;
    this.database = db;
  }

  get connection(): Connection | undefined {
    return this.redis.stream;
  }

  reset(): void {
    resetConnection(this.redis);
  }
}
