import { inspect } from 'node:util';
import Redis from 'ioredis';
import { createLockService, LockUnavailableError, type LockService, type RedlockNodeInput } from '../../lib';
import { RedisServer } from '../helpers/redis-server';
import { TcpProxy } from '../helpers/tcp-proxy';
import { until } from '../helpers/until';

/** Passwords that live for minutes: a connection that is open stays open, and the next one needs another password. */
let server: RedisServer;
let proxy: TcpProxy;
let services: LockService[];
/** Whatever was told to users. */
let seen: unknown[];

beforeEach(async () => {
  server = await RedisServer.start({ password: 'token-1' });
  proxy = await TcpProxy.start(server.port);
  [services, seen] = [[], []];
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  await proxy.stop();
  await server.stop();
});

function open(node: RedlockNodeInput): LockService {
  const service = createLockService({
    nodes: [node],
    restartGuard: false,
    // Who waits, waits through the outage as well.
    defaults: { outageWait: 10_000 },
    shutdownTimeout: 100,
  });
  service.events$.subscribe((event) => seen.push(event));
  services.push(service);
  return service;
}

/** From now on only the new password opens a connection, and all need one. */
async function rotate(to: string): Promise<void> {
  // The helper knows the old one. A connection that is open stays open.
  await server.command('ACL', 'SETUSER', 'default', 'resetpass', `>${to}`, '>token-1');
  await server.command('ACL', 'SETUSER', 'default', '<token-1');
  proxy.reset();
}

const place = () => ({ host: '127.0.0.1', port: proxy.port });

describe('a password that changes', () => {
  it.each<[string, (token: () => string) => RedlockNodeInput]>([
    ['a function tells', (token) => ({ ...place(), password: token })],
    ['a function tells later', (token) => ({ ...place(), password: () => Promise.resolve(token()) })],
    [
      'a getter tells',
      (token) => ({
        ...place(),
        get password() {
          return token();
        },
      }),
    ],
    ['a user and a function tell', (token) => ({ ...place(), username: () => 'default', password: token })],
  ])('is used by both connections of a node when %s', async (_, nodeWith) => {
    let token = 'token-1';
    const locks = open(nodeWith(() => token));
    await (await locks.acquire('a', { wait: 10_000 })).release();

    token = 'token-2';
    await rotate(token);

    const lock = await locks.acquire('a', { wait: 10_000 });
    const waiting = locks.acquire('a', { wait: 10_000 });
    const other = open(nodeWith(() => token));
    const theirs = other.acquire('a', { wait: 10_000 });
    await lock.release();
    await (await waiting).release();
    await (await theirs).release();
  });

  it('is used when it is changed in the client that was given', async () => {
    const client = new Redis({ ...place(), password: 'token-1', lazyConnect: true });
    const locks = open(client);
    await (await locks.acquire('a', { wait: 10_000 })).release();

    client.options.password = 'token-2';
    await rotate('token-2');

    await (await locks.acquire('a', { wait: 10_000 })).release();
    expect(client.status).toBe('wait');
  });

  it('that cannot be had keeps the node down with the reason, without what was had before', async () => {
    let answer = (): string => 'token-1';
    const locks = open({ ...place(), password: () => answer() });
    await (await locks.acquire('a', { wait: 10_000 })).release();

    answer = () => {
      throw new Error('the vault is sealed for token-1');
    };
    proxy.reset();
    await until('it is down for that reason', async () => (await reasonOf(locks)).includes('vault'));
    answer = () => 'token-1';

    await (await locks.acquire('a', { wait: 10_000 })).release();
    expect(inspect(seen, { depth: 9 })).not.toContain('token-1');
  });

  it('that is wrong is shown nowhere', async () => {
    const locks = open({ ...place(), password: () => 'hunter2' });

    await until('it was refused', async () => (await reasonOf(locks)).includes('WRONGPASS'));

    expect(inspect(seen, { depth: 9 })).not.toContain('hunter2');
  });
});

/** Why the one node cannot vote now. */
async function reasonOf(locks: LockService): Promise<string> {
  const error: unknown = await locks.acquire('a', { wait: 0 }).catch((caught: unknown) => caught);
  seen.push(error);
  return error instanceof LockUnavailableError ? (error.votes[0]?.error?.message ?? '') : '';
}
