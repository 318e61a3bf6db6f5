import { EventEmitter } from 'node:events';
import { RedisConnection } from '../../../lib/redis/redis-connection';
import type { RedisNodeDescription } from '../../../lib/redis/redis-connections';
import { settle, VirtualClock } from '../../helpers/virtual-clock';

/** A client that would send anything at any time, unlike that of ioredis. */
class WillingClient extends EventEmitter {
  readonly isCluster = false;
  readonly status = 'ready';
  readonly info = () => Promise.resolve('role:master');
}

function connectionTo(client: WillingClient): RedisConnection {
  const description = { name: 'n', address: 'n', secrets: [], open: () => client };
  return new RedisConnection({
    description: description as unknown as RedisNodeDescription,
    clock: new VirtualClock(),
    onServerReady: () => undefined,
    onStatus: () => undefined,
  });
}

describe('a request', () => {
  it('is sent while the node is up, and at no other time', async () => {
    const client = new WillingClient();
    const connection = connectionTo(client);
    const seen: string[] = [];
    const request = () => {
      connection.request(
        () => {
          seen.push(`sent while ${connection.status}`);
          return new Promise(() => undefined);
        },
        () => undefined,
        () => seen.push(`failed while ${connection.status}`),
      );
    };

    request();
    client.emit('ready');
    await settle();
    request();
    client.emit('close');
    request();
    client.emit('ready');
    await settle();
    request();

    expect(seen).toEqual(['failed while connecting', 'sent while up', 'failed while down', 'sent while up']);
  });

  it('that fails at once keeps the mistakes of its caller to itself', () => {
    const connection = connectionTo(new WillingClient());

    expect(() => {
      connection.request(
        () => Promise.resolve(),
        () => undefined,
        () => {
          throw new Error('a mistake of the caller');
        },
      );
    }).not.toThrow();
  });
});
