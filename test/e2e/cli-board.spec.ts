import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { createLockService } from '../../lib/service/create-lock-service';
import type { LockService } from '../../lib/service/lock.service';
import { Cli, type CliProcess } from '../helpers/cli';
import { type RedisServer, startRedisServers } from '../helpers/redis-server';
import { until } from '../helpers/until';

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

describe('nestjs-redlock board', () => {
  let cli: Cli;
  let servers: RedisServer[];
  let nodes: string;
  let locks: LockService;
  let board: CliProcess | undefined;

  beforeAll(async () => {
    cli = new Cli();
    servers = await startRedisServers(3);
    nodes = servers.map(({ url }) => url).join(',');
    locks = createLockService({ nodes: servers.map(({ url }) => url) });
    await locks.ready();
  });

  afterEach(async () => {
    board?.kill();
    await Promise.all(servers.map((server) => server.command('FLUSHALL')));
  });

  afterAll(async () => {
    await locks.close();
    await Promise.all(servers.map((server) => server.stop()));
    cli.dispose();
  });

  async function start(...args: string[]): Promise<URL> {
    board = cli.start(['board', '--nodes', nodes, ...args]);
    return new URL(await board.line('the address', (line) => line.startsWith('http://')));
  }

  function ask(
    url: URL,
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = httpRequest(
        { hostname: url.hostname, port: url.port, path, method, headers, agent: false },
        (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (text: string) => (body += text));
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
          });
        },
      );
      asked.on('error', reject);
      asked.end();
    });
  }

  it('serves the page and its data below an address with a secret, on the loopback', async () => {
    await using _lock = await locks.acquire('order:1', { label: 'import 17' });

    const url = await start();
    const page = await ask(url, url.pathname);
    const state = await ask(url, `${url.pathname}state`);
    const lock = await ask(url, `${url.pathname}lock?resource=order%3A1`);

    expect(url.hostname).toBe('127.0.0.1');
    expect(url.pathname).toMatch(/^\/[\w-]{22,}\/$/);
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(page.headers['referrer-policy']).toBe('no-referrer');
    expect(JSON.parse(state.body)).toMatchObject({
      quorum: 2,
      mayFail: 1,
      nodes: [{ state: 'up', server: expect.stringMatching(/^\S+ \d/) as string }, {}, {}],
      locks: [{ resource: 'order:1', state: 'held', holders: [{ label: 'import 17' }], nodeCount: 3 }],
    });
    expect(JSON.parse(lock.body)).toMatchObject({ nodes: [{ holders: [{ label: 'import 17' }] }, {}, {}] });
    expect((await ask(url, url.pathname.slice(0, -1))).headers.location).toBe(url.pathname);
  });

  it('tells nothing to who does not have all of the address', async () => {
    const url = await start();
    const { pathname } = url;

    for (const path of [
      ...['/', '/state', '//state', '/locks', pathname.slice(0, -3), `${pathname.slice(0, -1)}x/`],
      ...[`/x${pathname}state`, `${pathname}..%2f`, `${pathname}state/more`, `/?${pathname}`],
    ]) {
      const { status, body } = await ask(url, path);
      expect({ path, status }).toEqual({ path, status: 404 });
      expect(body).not.toContain('nodes');
    }
    expect((await ask(url, `${pathname}state`, {}, 'POST')).status).toBe(405);
    expect((await ask(url, `${pathname}events`, {}, 'HEAD')).status).toBe(200);
  });

  it('refuses a page whose name leads here, and names that only look like this machine', async () => {
    const url = await start('--allow-release');

    for (const host of [
      ...['evil.example', `evil.example:${url.port}`, `127.0.0.1.evil.example:${url.port}`, '127.0.0.1:1'],
      ...[`localhost.:${url.port}`, `[::1]:${url.port}`, `0.0.0.0:${url.port}`],
    ]) {
      const { status, body } = await ask(url, `${url.pathname}state`, { host });
      expect({ host, status: status >= 400 }).toEqual({ host, status: true });
      expect(body).not.toContain('nodes');
    }
    expect((await ask(url, `${url.pathname}state`, { host: `localhost:${url.port}` })).status).toBe(200);
  });

  async function pageOf(url: URL) {
    const { headers, body } = await ask(url, url.pathname);
    const token = /board-token" content="([^"]+)"/.exec(body)?.[1] ?? '';
    const cookie = ([headers['set-cookie']].flat()[0] ?? '').split(';')[0] ?? '';
    const state = JSON.parse((await ask(url, `${url.pathname}state`)).body) as {
      locks: { holders: { id: string }[] }[];
    };
    const id = state.locks[0]?.holders[0]?.id ?? '';
    const path = `${url.pathname}release?resource=order%3A1&holder=${id}`;
    return { path, headers: { 'x-board-token': token, cookie, origin: url.origin } };
  }

  it('releases a lock for its page with --allow-release, for no other page, and not without', async () => {
    const lock = await locks.acquire('order:1', { autoExtend: false, ttl: 30_000 });
    const showing = await start();
    const only = await pageOf(showing);
    const refused = await ask(showing, only.path, only.headers, 'POST');
    await board?.interrupt();

    const url = await start('--allow-release');
    const { path, headers } = await pageOf(url);
    const foreign: Record<string, string>[] = [
      { ...headers, origin: 'http://evil.example' },
      { ...headers, origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' },
      { ...headers, 'sec-fetch-site': 'cross-site' },
      { ...headers, 'x-board-token': '' },
    ];
    const answers = await Promise.all(foreign.map((one) => ask(url, path, one, 'POST')));
    const wasHeld = await locks.isLocked('order:1');
    const released = await ask(url, path, headers, 'POST');

    expect(refused.status).toBe(403);
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(wasHeld).toBe(true);
    expect(JSON.parse(released.body)).toEqual({ resource: 'order:1', releasedFrom: 3 });
    expect(await locks.isLocked('order:1')).toBe(false);
    const { timeline } = JSON.parse((await ask(url, `${url.pathname}state`)).body) as { timeline: unknown[] };
    expect(timeline).toMatchObject([{ type: 'force-released', resources: ['order:1'] }]);
    await lock.release();
  });

  it('ends with Ctrl-C though a page is open, and gives its port back', async () => {
    board = cli.start(['board', '--nodes', nodes, '--json']);
    const printed = JSON.parse(await board.line('the address', () => true)) as { url: string };
    const open = httpRequest(`${printed.url}events`, { agent: false });
    const ended = new Promise((resolve) => open.on('close', resolve));
    open.on('response', (response) => response.resume()).on('error', () => undefined);
    open.end();
    await until('it streams', () => open.socket?.bytesRead !== undefined && open.socket.bytesRead > 0);

    const { code, err } = await board.interrupt();
    await ended;

    expect({ code, err }).toEqual({ code: 0, err: '' });
    await expect(ask(new URL(printed.url), '/')).rejects.toThrow('ECONNREFUSED');
  });

  it('shows that no node answers, and looks on', async () => {
    board = cli.start(['board', '--nodes', 'redis://ann:hunter2@127.0.0.1:1', '--timeout', '300']);
    const url = new URL(await board.line('the address', (line) => line.startsWith('http://')));

    const { status, body } = await ask(url, `${url.pathname}state`);

    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ mayFail: -1, nodes: [{ state: 'down' }] });
    expect(body + board.out + board.err).not.toContain('hunter2');
  });

  it.each([
    [['--port', '70000'], '--port must be a whole number from 1 to 65535'],
    [['--interval', '10'], '--interval must be a whole number from 250 to 60000'],
    [['--limit', '20000'], '--limit must be a whole number from 1 to 10000'],
    [['order:7'], 'board takes no argument'],
  ])('says what is wrong with %j, and opens nothing', async (args, message) => {
    const { code, err } = await cli.run(['board', '--nodes', nodes, ...args]);

    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it('says so when its port is taken', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;

    const { code, err } = await cli.run(['board', '--nodes', nodes, '--port', String(port)]);

    expect(code).toBe(1);
    expect(err).toContain(`port ${port} is taken`);
    other.close();
  });
});
