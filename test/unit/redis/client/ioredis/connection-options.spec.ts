import {
  clusterOptions,
  connectionOptions,
  reconnectDelayMs,
} from '../../../../../lib/redis/client/ioredis/connection-options';

const half = () => 0.5;

describe('the options of our connections', () => {
  it('pass through how a server is reached', () => {
    const tls = { servername: 'a' };
    const given = {
      ...{ host: 'a', port: 7000, db: 2, username: 'app', password: 's3cret', tls, connectTimeout: 99 },
      ...{ sentinels: [{ host: 's' }], name: 'mymaster', sentinelPassword: 's3cret', connectionName: 'shop' },
    };

    expect(connectionOptions(given)).toMatchObject(given);
  });

  it('have a name for operators when the user gave none', () => {
    expect(connectionOptions({}).connectionName).toBe('nestjs-redlock');
    expect(clusterOptions({}, half).redisOptions?.connectionName).toBe('nestjs-redlock');
  });

  it('never queue, resend, ask for us or wait without a limit, whatever was given', () => {
    const options = connectionOptions({
      ...{ enableOfflineQueue: true, autoResendUnfulfilledCommands: true, maxRetriesPerRequest: null },
      ...{ keyPrefix: 'x', readOnly: true, stringNumbers: true, lazyConnect: true, commandTimeout: 1 },
      ...{
        retryStrategy: () => 1,
        sentinelRetryStrategy: () => 1,
        reconnectOnError: () => 2 as const,
      },
      ...{ enableReadyCheck: true, failoverDetector: true, connectTimeout: 0, role: 'slave' },
    });

    expect(options).toMatchObject({
      ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 },
      ...{
        keyPrefix: '',
        readOnly: false,
        stringNumbers: false,
        lazyConnect: true,
        commandTimeout: undefined,
      },
      ...{ enableReadyCheck: false, failoverDetector: false, connectTimeout: 10_000, role: 'master' },
    });
    expect(options.retryStrategy?.(1_000)).toBeNull();
    expect([1, 2, 3].map((times) => options.sentinelRetryStrategy?.(times))).toEqual([0, null, null]);
  });

  it('wait for a connection as long as the user says, and for ten seconds at most', () => {
    expect(connectionOptions({ connectTimeout: 99 }).connectTimeout).toBe(99);
    expect(connectionOptions({ connectTimeout: 60_000 }).connectTimeout).toBe(10_000);
    expect(clusterOptions({ redisOptions: { connectTimeout: 0 } }, half).redisOptions?.connectTimeout).toBe(
      10_000,
    );
  });

  it('never make a cluster send again what a server may have applied', () => {
    const options = clusterOptions({ retryDelayOnFailover: 100, scaleReads: 'all', keyPrefix: 'x' }, half);

    expect(options).toMatchObject({ retryDelayOnFailover: 0, retryDelayOnClusterDown: 0, keyPrefix: '' });
    expect(options).toMatchObject({ enableOfflineQueue: false, scaleReads: 'master' });
  });

  it('leave a server that has become a replica, without sending again', () => {
    const { reconnectOnError } = connectionOptions({});

    expect(reconnectOnError?.(new Error("READONLY You can't write against a read only replica."))).toBe(true);
    expect(reconnectOnError?.(new Error('WRONGTYPE Operation'))).toBe(false);
  });
});

describe('the delay before a reconnection', () => {
  it('grows from about 50 ms to about a second and stays there', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 5_000].map((times) => reconnectDelayMs(times, half))).toEqual([
      50, 100, 200, 400, 800, 1_000, 1_000, 1_000,
    ]);
  });

  it('is spread by a quarter in both directions', () => {
    expect(reconnectDelayMs(5_000, () => 0)).toBe(750);
    expect(reconnectDelayMs(5_000, () => 0.9999)).toBe(1_250);
  });
});
