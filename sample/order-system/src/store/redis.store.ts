import { Logger, type OnModuleDestroy } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Store, type Records } from './store';

/** Sample data should not stay for ever in a Redis that somebody lent to it. */
const FORGET_AFTER_SECONDS = 3_600;

/** One hash per kind, with JSON in its fields. */
export class RedisStore extends Store implements OnModuleDestroy {
  private readonly logger = new Logger(RedisStore.name);
  private readonly redis: Redis;

  constructor(url: string) {
    super();
    this.redis = new Redis(url, { keyPrefix: 'order-system:' });
    this.logOutages();
  }

  override async read<Kind extends keyof Records>(
    kind: Kind,
    id: string,
  ): Promise<Records[Kind] | undefined> {
    const json = await this.redis.hget(kind, id);
    return json === null ? undefined : (JSON.parse(json) as Records[Kind]);
  }

  override async write<Kind extends keyof Records>(
    kind: Kind,
    id: string,
    value: Records[Kind],
  ): Promise<void> {
    await this.redis
      .pipeline()
      .hset(kind, id, JSON.stringify(value))
      .expire(kind, FORGET_AFTER_SECONDS)
      .exec();
  }

  override async list<Kind extends keyof Records>(kind: Kind): Promise<Records[Kind][]> {
    const all = await this.redis.hvals(kind);
    return all.map((json) => JSON.parse(json) as Records[Kind]);
  }

  onModuleDestroy(): void {
    this.redis.disconnect();
  }

  /** Once each; the client reports every attempt to connect again. */
  private logOutages(): void {
    let isDown = false;
    this.redis.on('ready', () => (isDown = false));
    this.redis.on('error', (error: Error) => {
      if (!isDown) this.logger.warn(`The data cannot be reached: ${error.message}`);
      isDown = true;
    });
  }
}
