import type { Askable } from '../server-client.interface';
import type { Cluster, Redis } from './ioredis';
import { isCutOff } from './is-cut-off';

/**
 * A server or a cluster that is asked through ioredis. In a cluster, ioredis finds the server of a command by its
 * keys.
 */
export abstract class IoredisAskable<C extends Redis | Cluster> implements Askable {
  readonly isCutOff = isCutOff;

  constructor(protected readonly redis: C) {}

  get isReady(): boolean {
    return this.redis.status === 'ready';
  }

  get isGreeting(): boolean {
    return this.redis.status === 'connect';
  }

  send(name: string, args: readonly (string | number)[] = []): Promise<unknown> {
    return this.redis.call(name, ...args);
  }

  abstract reset(): void;
}
