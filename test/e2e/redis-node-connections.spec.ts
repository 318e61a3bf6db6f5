import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import Redis, { type RedisOptions } from 'ioredis';
import type { NodeStatusChange } from '../../lib/ports/lock-node.interface';
import { describeRedisNode, type RedisNodeInput } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { acquire, release, untilUp } from '../helpers/ask-node';
import { RedisServer, type RedisServerOptions } from '../helpers/redis-server';
import { until } from '../helpers/until';

const GRANTED = { kind: 'granted' };
const SECRET = 'hunter2%&';

const ended: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  ended.push(() => server.stop());
  return server;
}

function open(input: RedisNodeInput): RedisLockNode {
  const node = new RedisLockNode(describeRedisNode(input));
  ended.push(() => node.close());
  return node;
}

function client(options: RedisOptions): Redis {
  const redis = new Redis(options);
  redis.on('error', () => undefined);
  ended.push(() => {
    redis.disconnect();
  });
  return redis;
}

describe('a password', () => {
  it('opens the server, from a URL, from options, and from a client', async () => {
    const server = await start({ password: SECRET });
    const url = server.url.replace('//', `//:${encodeURIComponent(SECRET)}@`);
    const { port } = server;

    for (const input of [url, { port, password: SECRET }, client({ port, password: SECRET })]) {
      const node = open(input);
      await untilUp(node);
      expect(await acquire(node, 'a', { ownerToken: 'anna' })).toEqual(GRANTED);
      await release(node, 'a', { ownerToken: 'anna' });
    }
  });

  it('with a user name opens it too', async () => {
    const server = await start({ user: `app on >${SECRET} ~lock:* +@all` });

    const node = open(server.url.replace('//', `//app:${encodeURIComponent(SECRET)}@`));
    await untilUp(node);

    expect(await acquire(node, 'a', { ownerToken: 'anna' })).toEqual(GRANTED);
    expect(String(await server.command('CLIENT', 'LIST'))).toMatch(/name=nestjs-redlock .*user=app/);
  });

  it('that is wrong leaves the node down, and is shown nowhere', async () => {
    const server = await start({ password: 'right' });
    const printed = [jest.spyOn(console, 'error'), jest.spyOn(console, 'warn'), jest.spyOn(console, 'log')];
    const changes: NodeStatusChange[] = [];

    const node = open(server.url.replace('//', `//:${encodeURIComponent(SECRET)}@`));
    node.onStatus((change) => changes.push(change));
    await until('it is down', () => node.status === 'down');
    const vote = await acquire(node, 'a', { ownerToken: 'anna' });

    expect(vote).toMatchObject({ kind: 'failed', error: { code: 'WRONGPASS' } });
    const shown = inspect([node.name, changes, vote, printed.map(({ mock }) => mock.calls)], { depth: 9 });
    expect(shown).toContain('WRONGPASS');
    expect(shown).not.toContain(SECRET);
    for (const spy of printed) spy.mockRestore();
  });

  it('that is wanted and not given leaves the node down, which says so', async () => {
    const server = await start({ password: 'right' });

    const node = open(server.url);
    await until('it is down', () => node.status === 'down');

    expect(await acquire(node, 'a', { ownerToken: 'anna' })).toMatchObject({
      kind: 'failed',
      error: { code: 'NOAUTH', message: expect.stringContaining('Authentication required') as string },
    });
  });

  it('is used as soon as the server accepts it', async () => {
    const server = await start({ password: 'right' });
    const node = open({ port: server.port, password: SECRET });
    await until('it is down', () => node.status === 'down');

    await server.command('ACL', 'SETUSER', 'default', `>${SECRET}`);

    await untilUp(node);
  });
});

describe('a database that the server does not have', () => {
  it('leaves the node down instead of locking in another one', async () => {
    const server = await start();

    const node = open(`${server.url}/999`);
    await until('it is down', () => node.status === 'down');
    await until('it tried again', async () => {
      const vote = await acquire(node, 'a', { ownerToken: 'anna' });
      return vote.kind === 'failed' && vote.error.message.includes('out of range');
    });

    expect(node.status).toBe('down');
    expect(await server.command('DBSIZE')).toBe(0);
  });
});

describe('a client of the user', () => {
  it('is duplicated: neither used, altered, listened to, nor closed', async () => {
    const server = await start();
    const users = client({ port: server.port });
    await until('the client is ready', () => users.status === 'ready');
    const options = { ...users.options };
    const listeners = users.eventNames().map((event) => [event, users.listenerCount(event)]);

    const node = open(users);
    await untilUp(node);
    await acquire(node, ['a', 'b'], { ownerToken: 'anna' });
    await release(node, ['a', 'b'], { ownerToken: 'anna' });
    const names = String(await server.command('CLIENT', 'LIST')).match(/ name=\S+/g);
    await node.close();

    expect(names).toEqual([' name=nestjs-redlock']);
    expect(users.options).toEqual(options);
    expect(users.eventNames().map((event) => [event, users.listenerCount(event)])).toEqual(listeners);
    expect(await users.ping()).toBe('PONG');
  });

  it('may have options that would not do for locks', async () => {
    const server = await start();
    const users = client({
      port: server.port,
      db: 2,
      lazyConnect: true,
      enableOfflineQueue: true,
      enableAutoPipelining: true,
      autoResendUnfulfilledCommands: true,
      maxRetriesPerRequest: null,
      stringNumbers: true,
      commandTimeout: 1,
      socketTimeout: 1,
      readOnly: true,
      retryStrategy: () => null,
      reconnectOnError: () => 2,
      connectionName: 'shop',
    });

    const node = open(users);
    await untilUp(node);
    const granted = await acquire(node, ['a', 'b'], { ownerToken: 'anna' });
    const denied = await acquire(node, 'a', { ownerToken: 'ben', askHolderTtl: true });
    await server.restart();
    await until('it is down', () => node.status === 'down');
    await untilUp(node);

    expect(granted).toEqual(GRANTED);
    expect(denied).toMatchObject({ kind: 'denied', holderTtlMs: expect.any(Number) as number });
    expect(await acquire(node, 'a', { ownerToken: 'ben' })).toEqual(GRANTED);
    const keys = await server.command('EVAL', "redis.call('SELECT', 2) return redis.call('KEYS', '*')", 0);
    expect(keys).toEqual(['lock:a']);
    expect(String(await server.command('CLIENT', 'LIST'))).toContain('name=shop');
    expect(users.status).toBe('wait');
  });
});

describe('TLS', () => {
  it('passes through from a URL and from options', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-tls-'));
    ended.push(() => {
      rmSync(directory, { recursive: true, force: true });
    });
    const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    // prettier-ignore
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile,
    ], { stdio: 'ignore' });
    const server = await start({ tls: { certFile, keyFile } });

    const trusting = open({ port: server.port, host: '127.0.0.1', tls: { ca: readFileSync(certFile) } });
    const distrusting = open(server.url);
    await untilUp(trusting);
    await until('the other is down', () => distrusting.status === 'down');

    expect(await acquire(trusting, 'a', { ownerToken: 'anna' })).toEqual(GRANTED);
    expect(await acquire(distrusting, 'b', { ownerToken: 'anna' })).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringMatching(/self[- ]signed/) as string },
    });
  });
});
