import type { Askable } from '../server-client.interface';
import type { Cluster, Redis } from './ioredis';

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

/** The message of ioredis for a connection that is gone. It tells about retries, although we use none. */
function isCutOff(error: unknown): boolean {
  // There is no `instanceof`: an error can come from another realm, as all errors of Node do under jest.
  if (typeof error !== 'object' || error === null) return false;
  const { name, message } = error as Partial<Error>;
  return (
    name === 'MaxRetriesPerRequestError' ||
    message === 'Connection is closed.' ||
    message?.startsWith("Stream isn't writeable") === true
  );
}
