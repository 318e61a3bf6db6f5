import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis, { Cluster } from 'ioredis';
import {
  createLockService,
  type LockEvent,
  type LockService,
  LockUnavailableError,
  type RedlockNodeInput,
} from '../../lib';
import { RedisServer, type RedisServerOptions } from '../helpers/redis-server';
import { until } from '../helpers/until';

const ended: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  ended.push(() => server.stop());
  return server;
}

function open(node: RedlockNodeInput): { locks: LockService; events: LockEvent[] } {
  const locks = createLockService({
    nodes: [node],
    // Who waits, waits until the node is there.
    defaults: { outageWait: 10_000 },
    shutdownTimeout: 0,
  });
  ended.push(() => locks.close());
  const events: LockEvent[] = [];
  locks.events$.subscribe((event) => events.push(event));
  return { locks, events };
}

const warnings = (events: LockEvent[]) =>
  events.flatMap((event) => (event.type === 'node-warning' ? [event.warning] : []));

describe('a server that does not say who it is', () => {
  it.each<[string, (server: RedisServer) => RedlockNodeInput]>([
    ['a URL', ({ url }) => url],
    ['options', ({ port }) => ({ port, enableReadyCheck: true })],
    ['a client', ({ port }) => new Redis({ port, lazyConnect: true })],
  ])('grants locks all the same, with one warning: from %s', async (_, node) => {
    const server = await start({ args: ['--rename-command', 'INFO', ''] });
    const { locks, events } = open(node(server));

    await (await locks.acquire('a', { wait: 10_000 })).release();
    const lock = await locks.acquire('a');
    const waiting = locks.acquire('a', { wait: 10_000 });
    await lock.release();
    await (await waiting).release();

    expect(warnings(events)).toEqual(['unknown-server']);
  });
});

describe('a connection that listens', () => {
  it('and that is refused is told of once, and waiters get their locks without it', async () => {
    // One for each process, and one for who looks.
    const server = await start({ args: ['--maxclients', '3'] });
    const [holder, waiter] = [open(server.url), open(server.url)];
    const lock = await holder.locks.acquire('a', { wait: 10_000 });
    await waiter.locks.ready({ wait: 10_000 }).catch(() => undefined);
    const others = connect(server.port, '127.0.0.1');
    ended.push(() => others.destroy());

    const waiting = waiter.locks.acquire('a', { wait: 20_000 });
    await until('it is told', () => warnings(waiter.events).includes('deaf'));
    await lock.release();
    await (await waiting).release();

    expect(warnings(waiter.events)).toEqual(['deaf']);
    expect(waiter.events.filter(({ type }) => type === 'node-down')).toEqual([]);
  });
});

describe('a server that does not know SUBSCRIBE', () => {
  it.each([false, true])(
    'is told of once, and waiters get their locks without it (fair: %s)',
    async (fair) => {
      const server = await start({ args: ['--rename-command', 'SUBSCRIBE', ''] });
      const [holder, waiter] = [open(server.url), open(server.url)];
      const lock = await holder.locks.acquire('a', { wait: 10_000 });

      const waiting = waiter.locks.acquire('a', { wait: 20_000, fair });
      await until('it is told', () => warnings(waiter.events).includes('deaf'));
      await lock.release();
      await (await waiting).release();

      expect(warnings(waiter.events)).toEqual(['deaf']);
    },
  );
});

describe('a server in protected mode', () => {
  it('says so, and what to do', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    // A machine without a network has no address that is not its own.
    if (outside === undefined) return;
    const server = await start({ args: ['--bind', '127.0.0.1', outside, '--protected-mode', 'yes'] });

    const { events } = open(`redis://${outside}:${server.port}`);

    const reasons = () =>
      events.flatMap((event) => (event.type === 'node-down' ? [event.error?.message ?? ''] : []));
    await until('it is told', () => reasons().length > 0);
    expect(reasons()[0]).toMatch(/protected mode.*give .*a password/i);
  });
});

describe('what is found at the other end', () => {
  let certFile: string;
  let keyFile: string;

  beforeAll(() => {
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-tls-'));
    [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    // prettier-ignore
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile,
    ], { stdio: 'ignore' });
  });

  afterAll(() => {
    rmSync(join(certFile, '..'), { recursive: true, force: true });
  });

  async function expectReason(node: RedlockNodeInput, reason: RegExp): Promise<void> {
    const { locks } = open(node);
    const reasonNow = async () => {
      const error: unknown = await locks.acquire('a', { wait: 0 }).catch((caught: unknown) => caught);
      return error instanceof LockUnavailableError ? (error.votes[0]?.error?.message ?? '') : '';
    };
    await until(`it says ${String(reason)}`, async () => reason.test(await reasonNow()));
    expect(await reasonNow()).not.toMatch(/[\r\n]|0A00/);
  }

  it('where TLS was not expected is told', async () => {
    const { port } = await start({ tls: { certFile, keyFile } });

    await expectReason({ host: '127.0.0.1', port }, /TLS.*rediss:/);
  });

  it('where a proxy says in words of TLS that it speaks TLS is told', async () => {
    // Redis closes the connection. Proxies answer with an alert of TLS: fatal, illegal parameter.
    const alert = Buffer.from([21, 3, 1, 0, 2, 2, 47]);
    const proxy = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(alert));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => proxy.once('listening', resolve));
    ended.push(() => proxy.close());
    const { port } = proxy.address() as AddressInfo;

    await expectReason({ host: '127.0.0.1', port }, /the port speaks TLS\. Write rediss:/);
  });

  it('where nobody knows the certificate is told', async () => {
    const { port } = await start({ tls: { certFile, keyFile } });

    await expectReason({ host: '127.0.0.1', port, tls: {} }, /self[- ]signed.*`tls\.ca`/);
  });

  it('where a client certificate is wanted is told', async () => {
    const { port } = await start({ tls: { certFile, keyFile }, args: ['--tls-auth-clients', 'yes'] });

    await expectReason(
      { host: '127.0.0.1', port, tls: { ca: readFileSync(certFile) } },
      /client certificate.*`tls\.cert`/,
    );
  });

  it('where it is no Redis is told', async () => {
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    ended.push(() => server.close());
    const { port } = server.address() as AddressInfo;

    await expectReason({ host: '127.0.0.1', port }, /not a Redis.*HTTP/);
    await expectReason({ host: '127.0.0.1', port, tls: {} }, /does not speak TLS.*redis:/);
  });

  describe('of a Redis Cluster,', () => {
    const cluster = (port: number, redisOptions = {}) =>
      new Cluster([{ host: '127.0.0.1', port }], { lazyConnect: true, redisOptions });

    it('where nobody listens is told with the address', async () => {
      await expectReason(cluster(1), /127\.0\.0\.1:1 cannot be asked.*Check host, port/);
    });

    it('where TLS was not expected is told with the address', async () => {
      const { port } = await start({ tls: { certFile, keyFile } });

      await expectReason(cluster(port), new RegExp(`:${port} cannot be asked.*TLS.*redisOptions\\.tls`));
    });

    it('where TLS was expected is told with the address', async () => {
      const { port } = await start();

      await expectReason(
        cluster(port, { tls: {} }),
        new RegExp(`:${port} cannot be asked.*redisOptions\\.tls`),
      );
    });
  });
});

it('a client certificate that is renewed is used for the next connection', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-tls-'));
  ended.push(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  // prettier-ignore
  openssl(
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', file('ca.key'), '-out', file('ca.pem'),
  );
  openssl('req', '-new', '-key', file('ca.key'), '-subj', '/CN=client', '-out', file('client.csr'));
  const renew = (days: string) => {
    // prettier-ignore
    openssl('x509', '-req', '-in', file('client.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial',
      '-days', days, '-out', file('client.pem'));
  };
  renew('-1');
  const { port } = await start({
    tls: { certFile: file('ca.pem'), keyFile: file('ca.key') },
    args: ['--tls-auth-clients', 'yes'],
  });
  const tls = () => ({
    ca: readFileSync(file('ca.pem')),
    cert: readFileSync(file('client.pem')),
    key: readFileSync(file('ca.key')),
  });
  const { locks, events } = open({ host: '127.0.0.1', port, tls });
  await until('it is down', () => events.some(({ type }) => type === 'node-down'));

  renew('1');

  await (await locks.acquire('a', { wait: 10_000 })).release();
});
