import { request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Controller,
  Get,
  type DynamicModule,
  type INestApplication,
  type Type,
  UnauthorizedException,
  VersioningType,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { RedlockBoardModule, type BoardState, type RedlockBoardOptions } from '../../../lib/board';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { RedlockModule } from '../../../lib/nest/redlock.module';
import { LockService } from '../../../lib/service/lock.service';
import { ensureBoardPage } from '../../helpers/board-page';
import { fetchWhole } from '../../helpers/fetch-whole';
import { until } from '../../helpers/until';

const HOSTILE = `"><img src=x onerror=alert(1)>:</script><script>alert(2)</script>`;

const adapters: [string, () => FastifyAdapter | undefined][] = [
  ['Express', () => undefined],
  ['Fastify', () => new FastifyAdapter()],
];

/** A memory node that counts how often it was asked for what it has. */
class CountingNode extends MemoryLockNode {
  lists = 0;

  override list(...args: Parameters<MemoryLockNode['list']>): ReturnType<MemoryLockNode['list']> {
    this.lists += 1;
    return super.list(...args);
  }
}

beforeAll(() => {
  ensureBoardPage();
});

describe.each(adapters)('the lock board on %s', (_name, newAdapter) => {
  let app: INestApplication;
  let url: string;
  let node: CountingNode;
  let locks: LockService;
  let allowed: unknown;

  async function start(
    options: Partial<RedlockBoardOptions> = {},
    { setUp, imports = [] }: { setUp?: (app: INestApplication) => void; imports?: Type[] } = {},
  ): Promise<void> {
    node = new CountingNode({ name: 'memory' });
    const root: DynamicModule = {
      module: class App {},
      imports: [
        ...imports,
        RedlockModule.forRoot({ nodes: [node] }),
        RedlockBoardModule.forRoot({ authorize: () => allowed as boolean, interval: 250, ...options }),
      ],
    };
    const adapter = newAdapter();
    const quiet = { logger: false as const, abortOnError: false };
    app =
      adapter === undefined
        ? await NestFactory.create(root, quiet)
        : await NestFactory.create(root, adapter, quiet);
    setUp?.(app);
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}`;
    locks = app.get(LockService);
  }

  beforeEach(() => {
    allowed = true;
  });

  afterEach(async () => {
    await app.close();
  });

  it('shows a page that loads nothing from anywhere, and runs nothing but its own script', async () => {
    await start({ title: 'Locks of <b>ours</b>' });

    const response = await fetch(`${url}/locks`);
    const page = await response.text();

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self';/,
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page).not.toMatch(/(src|href)="(?!data:,)/);
    expect(page).toContain('Locks of &#60;b&#62;ours');
  });

  it('tells scripts who holds what, and nobody an owner token', async () => {
    await start();
    await using lock = await locks.acquire(HOSTILE, { label: 'import 17' });

    const text = await (await fetch(`${url}/locks/state`)).text();
    const state = JSON.parse(text) as BoardState;

    expect(state.locks).toMatchObject([
      {
        resource: HOSTILE,
        state: 'held',
        mode: 'exclusive',
        holders: [{ pid: process.pid, label: 'import 17' }],
        nodeCount: 1,
        waiting: 0,
        isSinceExact: true,
      },
    ]);
    expect(state).toMatchObject({ quorum: 1, mayFail: 0, nodes: [{ node: 'memory', state: 'up' }] });
    expect(state.timeline).toMatchObject([{ type: 'acquired', resources: [HOSTILE], label: 'import 17' }]);
    expect(text).not.toContain(lock.ownerToken);
    expect(text).not.toContain(lock.ownerToken.split(':').at(-1));
  });

  it('lets nobody in whom authorize does not, whatever it gives instead of true', async () => {
    await start();
    for (const answer of [false, undefined, 'true', 1, Promise.resolve(false)]) {
      allowed = answer;
      for (const path of ['', '/state', '/events', '/lock?resource=x']) {
        expect((await fetchWhole(`${url}/locks${path}`)).status).toBe(403);
      }
      expect((await fetchWhole(`${url}/locks/release`, { method: 'POST' })).status).toBe(403);
    }
    expect(node.lists).toBe(0);
  });

  it('answers what authorize throws as the application does', async () => {
    await start({
      authorize: () => {
        throw new UnauthorizedException();
      },
    });

    expect((await fetchWhole(`${url}/locks`)).status).toBe(401);
  });

  it('streams everything first, and then what changes', async () => {
    await start();
    await using _first = await locks.acquire('order:1');
    const stream = await EventReader.open(`${url}/locks/events`);

    const state = await stream.next('state', 'change');
    expect(JSON.stringify(state)).toContain('"order:1"');
    const second = await locks.acquire('order:2');
    await stream.until(({ changed = [] }) => changed.some(({ resource }) => resource === 'order:2'));
    await second.release();
    await stream.until(({ gone = [] }) => gone.includes('order:2'));
    stream.close();
  });

  it('looks at the nodes once for all viewers and scripts, and not at all while nobody looks', async () => {
    await start({ interval: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(node.lists).toBe(0);

    const streams = await Promise.all(
      Array.from({ length: 5 }, () => EventReader.open(`${url}/locks/events`)),
    );
    await Promise.all(streams.map((stream) => stream.next('state', 'change')));
    await Promise.all(Array.from({ length: 50 }, () => fetchWhole(`${url}/locks/state`)));
    await Promise.all(Array.from({ length: 50 }, () => fetchWhole(`${url}/locks/lock?resource=x`)));

    expect(node.lists).toBe(1);
    for (const stream of streams) stream.close();
  });

  it('stops to look when the last viewer has gone', async () => {
    await start();
    const stream = await EventReader.open(`${url}/locks/events`);
    await stream.next('state', 'change');
    stream.close();
    const seen = { lists: -1, times: 0 };

    await until('no more looks are made', async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      seen.times = seen.lists === node.lists ? seen.times + 1 : 0;
      seen.lists = node.lists;
      return seen.times === 2;
    });
  });

  it('is below a global prefix, and has no version', async () => {
    await start(
      { path: '/ops/locks/' },
      {
        setUp: (one) => {
          one.setGlobalPrefix('api');
          one.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
        },
      },
    );

    expect((await fetchWhole(`${url}/api/ops/locks`)).status).toBe(200);
    expect((await fetchWhole(`${url}/api/ops/locks/state`)).status).toBe(200);
    expect((await fetchWhole(`${url}/ops/locks`)).status).toBe(404);
  });

  it.each(['', '/events', '/state', '/lock?resource=order%3A1'])(
    'answers HEAD of its route "%s" with the headers of GET alone, and keeps no viewer for it',
    async (path) => {
      await start();

      const head = await fetch(`${url}/locks${path}`, { method: 'HEAD' });
      const body = await head.text();
      const get = await fetch(`${url}/locks${path}`);
      await get.body?.cancel();

      expect(head.status).toBe(200);
      expect(body).toBe('');
      for (const name of ['content-type', 'cache-control', 'x-content-type-options']) {
        expect(head.headers.get(name)).toBe(get.headers.get(name));
      }
    },
  );

  it('answers other methods with 405, and says by which to ask', async () => {
    await start({ allowRelease: true });

    for (const [path, methods, allow] of [
      ...['', '/events', '/state', '/lock'].map(
        (route) => [route, ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'], 'GET, HEAD'] as const,
      ),
      ['/release', ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'], 'POST'] as const,
    ]) {
      for (const method of methods) {
        const { status, headers } = await fetchWhole(`${url}/locks${path}`, { method });
        expect({ path, method, status, allow: headers.get('allow') }).toEqual({
          ...{ path, method, status: 405, allow },
        });
      }
    }
    expect(node.lists).toBe(0);
  });

  it('closes with the application, though a page is open', async () => {
    await start();
    const stream = await EventReader.open(`${url}/locks/events`);

    await app.close();

    await stream.ended;
  });

  describe('asked to release', () => {
    async function page() {
      const response = await fetch(`${url}/locks`);
      const token = /board-token" content="([^"]+)"/.exec(await response.text())?.[1] ?? '';
      const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
      const { locks: shown } = (await (await fetch(`${url}/locks/state`)).json()) as BoardState;
      const holder = shown[0]?.holders[0]?.id ?? '';
      return { token, cookie, address: `/locks/release?resource=order%3A1&holder=${holder}` };
    }

    const post = (path: string, headers: Record<string, string>) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        const { hostname, port } = new URL(url);
        const asked = httpRequest({ hostname, port, path, method: 'POST', headers }, (response) => {
          void textOf(response).then((body) => {
            resolve({ status: response.statusCode ?? 0, body });
          });
        });
        asked.on('error', reject);
        asked.end();
      });

    it('takes the lock from the holder that was shown, and tells of it', async () => {
      await start({ allowRelease: true });
      const lock = await locks.acquire('order:1', { autoExtend: false });
      const { token, cookie, address } = await page();
      const told: string[] = [];
      locks.events$.subscribe(({ type }) => told.push(type));

      const { status, body } = await post(address, { 'x-board-token': token, cookie, origin: url });

      expect({ status, body: JSON.parse(body) as unknown }).toEqual({
        status: 200,
        body: { resource: 'order:1', releasedFrom: 1 },
      });
      expect(told).toEqual(['force-released']);
      expect(await locks.isLocked('order:1')).toBe(false);
      await lock.release();
    });

    it('does so for a page that was loaded before others, or at the same moment', async () => {
      await start({ allowRelease: true });
      const lock = await locks.acquire('order:1', { autoExtend: false });
      const jar = new Map<string, string>();
      const load = async () => {
        const headers = { cookie: [...jar.values()].join('; ') };
        const response = await fetch(`${url}/locks`, jar.size === 0 ? {} : { headers });
        return { response, token: /board-token" content="([^"]+)"/.exec(await response.text())?.[1] ?? '' };
      };
      // As a browser does: one cookie of a name, the last that came.
      const keep = ({ response, token }: Awaited<ReturnType<typeof load>>) => {
        const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
        jar.set(cookie.split('=')[0] ?? '', cookie);
        return token;
      };

      const tokens = (await Promise.all([load(), load()])).map(keep);
      tokens.push(keep(await load()), keep(await load()));
      const { address } = await page();
      const answers: number[] = [];
      for (const token of tokens) {
        const cookie = [...jar.values()].join('; ');
        answers.push((await post(address, { 'x-board-token': token, cookie, origin: url })).status);
      }

      expect(answers).toEqual([200, 200, 200, 200]);
      expect(jar.size).toBe(2);
      await lock.release();
    });

    it('takes no cookie for a token that could not be one', async () => {
      await start({ allowRelease: true });

      for (const value of ['x', 'x'.repeat(200), `"><script>alert(1)</script>${'x'.repeat(22)}`]) {
        const response = await fetch(`${url}/locks`, { headers: { cookie: `board-token=${value}` } });
        const html = await response.text();
        expect(html).toMatch(/board-token" content="[\w-]{22,43}"/);
        expect(html).not.toContain(value === 'x' ? 'content="x"' : value);
      }
    });

    it('refuses what does not come from a page of its own', async () => {
      await start({ allowRelease: true });
      await using lock = await locks.acquire('order:1');
      const { token, cookie, address } = await page();
      const good = { 'x-board-token': token, cookie, origin: url };
      const bad: Record<string, string>[] = [
        {},
        { ...good, origin: 'http://elsewhere.example' },
        { ...good, origin: 'null' },
        { ...good, 'sec-fetch-site': 'cross-site' },
        { ...good, 'sec-fetch-site': 'same-site' },
        { ...good, 'x-board-token': `${token}x` },
        { cookie, origin: url },
        { 'x-board-token': token, origin: url },
        { 'x-board-token': 'x', cookie: 'board-token=x', origin: url },
      ];

      const answers = await Promise.all(bad.map((headers) => post(address, headers)));

      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
      expect(lock.isHeld && (await locks.isLocked('order:1'))).toBe(true);
    });

    it('gives its page a cookie that no script reads, that other sites do not send, and that is safe where the way is', async () => {
      await start({ allowRelease: true });

      const cookieOf = async (headers: Record<string, string> = {}) =>
        (await fetchWhole(`${url}/locks`, { headers })).headers.get('set-cookie');

      expect(await cookieOf()).toMatch(/^board-token-[\w-]{6}=[\w-]{22}; HttpOnly; SameSite=Strict$/);
      expect(await cookieOf({ 'x-forwarded-proto': 'https' })).toMatch(
        /; HttpOnly; SameSite=Strict; Secure$/,
      );
    });

    it('refuses all of it without allowRelease, and asks authorize what for', async () => {
      const actions: string[] = [];
      await start({
        authorize: (_request: unknown, action: string) => {
          actions.push(action);
          return true;
        },
      });
      await using _lock = await locks.acquire('order:1');
      const { token, cookie, address } = await page();

      const { status, body } = await post(address, { 'x-board-token': token, cookie, origin: url });

      expect(status).toBe(403);
      expect(body).toContain('without allowRelease');
      expect(actions).toEqual(['view', 'view', 'release']);
    });

    it('does not release for somebody who has it since', async () => {
      await start({ allowRelease: true });
      const first = await locks.acquire('order:1');
      const { token, cookie, address } = await page();
      await first.release();
      await using second = await locks.acquire('order:1');

      const { status, body } = await post(address, { 'x-board-token': token, cookie, origin: url });

      expect(status === 409 || body.includes('"releasedFrom":0')).toBe(true);
      expect(second.isHeld && (await locks.isLocked('order:1'))).toBe(true);
    });
  });

  describe('that cannot start', () => {
    const failure = async (options: object, imports: Type[] = []): Promise<string> => {
      const error = await start({ authorize: undefined, ...options }, { imports }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      return (error as Error | undefined)?.message ?? 'it started';
    };

    beforeEach(async () => {
      // For the end of the test: none of these gives an application.
      await start();
      await app.close();
    });

    it.each<[string, object, RegExp]>([
      ['without a word on who may see it', {}, /authorize: is missing/],
      [
        'with half of a character in its title',
        { allowUnauthenticated: true, title: 'a\ud800' },
        /title: .*must be text/,
      ],
      ['with both words', { authorize: () => true, allowUnauthenticated: true }, /contradicts authorize/],
      ['with an authorize that is none', { authorize: true }, /authorize: must be a function/],
      ['with an option that is none', { authorize: () => true, users: [] }, /users: is not an option/],
      [
        'with a hasty interval',
        { allowUnauthenticated: true, interval: 10 },
        /interval: must be a whole number/,
      ],
      [
        'for a service that there is not',
        { allowUnauthenticated: true, connection: 'billing' },
        /no such lock service/,
      ],
    ])('says why %s', async (_what, options, message) => {
      expect(await failure(options)).toMatch(message);
    });

    it('says so when its path has parameters, or is taken', async () => {
      @Controller('locks')
      class Taken {
        @Get()
        all(): string {
          return 'mine';
        }
      }

      expect(await failure({ allowUnauthenticated: true }, [moduleOf(Taken)])).toMatch(
        /Taken answers at '\/locks'/,
      );
      expect(() => RedlockBoardModule.forRoot({ path: ':id', allowUnauthenticated: true })).toThrow(
        'path: must be',
      );
    });
  });
});

function moduleOf(controller: Type): Type {
  class WithController {}
  Reflect.defineMetadata('controllers', [controller], WithController);
  return WithController;
}

interface Message {
  readonly changed?: { resource: string }[];
  readonly gone?: string[];
}

/** Reads server-sent events. */
class EventReader {
  private text = '';
  readonly ended: Promise<void>;

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => (this.text += text));
    this.ended = new Promise((resolve) => response.on('close', resolve));
  }

  static open(url: string): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const asked = httpRequest(url, { agent: false }, (response) => {
        resolve(new EventReader(response));
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  async next(...names: string[]): Promise<Message> {
    let found: Message | undefined;
    await until(`there is a ${names.join(' or ')}`, () => {
      const end = this.text.indexOf('\n\n');
      if (end === -1) return false;
      const message = this.text.slice(0, end);
      this.text = this.text.slice(end + 2);
      const [, event = '', data = '{}'] = /^event: (.*)\ndata: (.*)$/.exec(message) ?? [];
      if (names.includes(event)) found = JSON.parse(data) as Message;
      return found !== undefined;
    });
    return found ?? {};
  }

  async until(isIt: (message: Message) => boolean): Promise<void> {
    while (!isIt(await this.next('change', 'state')));
  }

  close(): void {
    this.response.destroy();
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}
