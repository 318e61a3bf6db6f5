import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from './sample-shop';

const TICK_MS = 3_000;

describe('npm start', () => {
  let shop: Command;
  let apps: string[];

  beforeAll(async () => {
    shop = new Command('start.mjs', { PORT: '0', REMINDER_CRON: `*/${TICK_MS / 1000} * * * * *` });
    await shop.printed('Ctrl-C');
    apps = [...shop.output.matchAll(/app \d +(http:\S+)/g)].map(([, url]) => url ?? '');
  });

  afterAll(() => shop.dispose());

  it('runs two processes, three masters for locks and one PostgreSQL for data', () => {
    const [, ...nodes] = shop.output.match(
      /lock node 1 .*\n.*lock node 2 .*\n.*lock node 3 .*\n.*data .*/,
    ) ?? [''];

    expect(nodes).toBeDefined();
    expect(new Set(apps).size).toBe(2);
    expect(new Set(shop.output.match(/redis:[^\s,]+/g)).size).toBe(3);
    expect(shop.output).toMatch(/^ {2}data +postgres:\/\/127\.0\.0\.1:\d+\/postgres$/m);
  });

  it('is healthy, and tells which lock nodes make it so', async () => {
    const { status, body } = await get(apps[0], '/health');

    expect(status).toBe(200);
    expect(body).toMatchObject({ details: { locks: { status: 'up', quorum: 2, mayFail: 1 } } });
  });

  it('sells each of 20 items once to 60 buyers that ask both processes at once', async () => {
    await post(apps[0], '/warehouses/receive', { warehouse: 'north', sku: 'ticket', quantity: 20 });

    const answers = await together(60, (app) => post(app, '/orders', { sku: 'ticket', quantity: 1 }));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
    expect(answers.filter(({ status, body }) => status === 422 && body.code === 'SOLD_OUT')).toHaveLength(40);
    expect((await get(apps[1], '/stock/ticket')).body).toEqual({ sku: 'ticket', available: 0 });
  });

  it('charges once for an order that is paid ten times at once', async () => {
    const id = await placeOrder('book');

    const answers = await together(10, (app) => post(app, `/orders/${id}/pay`));

    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(Array(10).fill([200, 'paid']));
    expect((await get(apps[0], `/orders/${id}/payments`)).body).toHaveLength(1);
  });

  it('keeps the total while goods are moved in both directions at once', async () => {
    await post(apps[0], '/warehouses/receive', { warehouse: 'east', sku: 'chair', quantity: 50 });
    await post(apps[0], '/warehouses/receive', { warehouse: 'west', sku: 'chair', quantity: 50 });
    const ways = [
      { from: 'east', to: 'west', sku: 'chair', quantity: 2 },
      { from: 'west', to: 'east', sku: 'chair', quantity: 1 },
    ];

    const answers = await together(20, (app, index) =>
      post(app, '/warehouses/move', ways[index % 4 < 2 ? 0 : 1]),
    );

    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await get(apps[0], '/warehouses/east/chair')).body).toEqual({ east: 40 });
    expect((await get(apps[1], '/warehouses/west/chair')).body).toEqual({ west: 60 });
  });

  it('books one parcel for a paid order, and none for an unpaid one', async () => {
    const id = await placeOrder('lamp');
    const tooEarly = await post(apps[0], `/orders/${id}/ship`);
    await post(apps[0], `/orders/${id}/pay`);

    const answers = await together(6, (app) => post(app, `/orders/${id}/ship`));

    expect([tooEarly.status, tooEarly.body.code]).toEqual([422, 'NOT_PAID']);
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(new Set(answers.map(({ body }) => body.parcel)).size).toBe(1);
  });

  it('tells Prometheus of its locks, in groups and not by order', async () => {
    const [url = ''] = /http:\S+\/metrics/.exec(shop.output) ?? [];
    await placeOrder('globe-7');

    const text = await (await fetch(url)).text();

    expect(text).toMatch(/^redlock_hold_duration_count\{.*redlock_resource_group="sku".*\} \d+$/m);
    expect(text.match(/^redlock_node_up\{.*\} 1$/gm)).toHaveLength(3);
    expect(text).not.toContain('globe');
  });

  it('refuses what is not an id or not a quantity', async () => {
    expect((await post(apps[0], '/orders/nonsense/pay')).status).toBe(400);
    expect((await post(apps[0], '/orders', { sku: 'tea', quantity: -1 })).status).toBe(400);
    expect((await post(apps[0], '/orders/00000000-0000-4000-8000-000000000000/pay')).status).toBe(404);
  });

  it('prints three lines to try, and they work', async () => {
    const requests = [
      ...shop.output.matchAll(/curl -s(?: -X (\w+))? (http:[^\s;]+)(?: -H '[^']*' -d '([^']*)')?/g),
    ];

    const answers = await Promise.all(
      requests.map(([, method, url, json]) => request(method ?? 'GET', url ?? '', json)),
    );

    expect(shop.output.match(/^ {2}curl/gm)).toHaveLength(3);
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 200, 200]);
  });

  it('prints how to look at its lock nodes, and that works', () => {
    const [line = ''] = /npm run .* doctor .*/.exec(shop.output) ?? [];
    const [command = '', ...args] = line.split(' ');

    const { status, stdout } = spawnSync(command, args, { cwd: join(__dirname, '../..'), encoding: 'utf8' });

    expect(stdout.match(/^ +ok +version .* \d.*$/gm)).toHaveLength(3);
    expect(status).not.toBeNull();
  });

  it('runs the cron job once per tick in the whole fleet', async () => {
    const runs = await eventually(async () => {
      const { body } = await get<{ startedAt: string }[]>(apps[0], '/reminders');
      return body.length >= 3 ? body : undefined;
    });

    const ticks = runs.map(({ startedAt }) => Math.round(Date.parse(startedAt) / TICK_MS));
    expect(new Set(ticks).size).toBe(ticks.length);
  });

  it('stops everything on Ctrl-C and leaves nothing behind', async () => {
    const code = await shop.interrupt();

    expect(code).toBe(130);
    expect(shop.leftBehind()).toEqual([]);
    await expect(fetch(apps[0] ?? '')).rejects.toThrow();
  });

  async function placeOrder(sku: string): Promise<string> {
    await post(apps[0], '/warehouses/receive', { warehouse: 'north', sku, quantity: 1 });
    const { body } = await post(apps[0], '/orders', { sku, quantity: 1 });
    return body.id ?? '';
  }

  /** `count` calls at once, in turns to each process. */
  function together(count: number, call: (app: string | undefined, index: number) => Promise<Answer>) {
    return Promise.all(Array.from({ length: count }, (_, index) => call(apps[index % apps.length], index)));
  }
});

describe('npm start, where something is missing', () => {
  it.each([
    ['there is no redis-server', { PATH: '/nowhere' }, 'in memory: redis-server is not in PATH'],
    [
      'there is to be no PostgreSQL',
      { DATABASE_URL: 'memory' },
      'in memory, and gone with the process: DATABASE_URL says so',
    ],
    [
      'there is neither',
      { PATH: '/nowhere', DATABASE_URL: 'memory' },
      'in memory: redis-server is not in PATH',
    ],
  ])('runs one process, and says why, when %s', async (_what, env, words) => {
    const shop = new Command('start.mjs', { PORT: '0', ...env });
    try {
      await shop.printed('Ctrl-C');

      const [app, ...others] = [...shop.output.matchAll(/app \d +(http:\S+)/g)].map(([, url]) => url);
      const order = await post(app, '/orders', { sku: 'tea', quantity: 1 });
      const paid = await post(app, `/orders/${order.body.id ?? ''}/pay`);

      expect(others).toEqual([]);
      expect(shop.output).toContain(words);
      expect(shop.output).toContain('One process only');
      expect([order.status, paid.status]).toEqual([201, 200]);
    } finally {
      await shop.dispose();
    }
  });

  it.each([
    ['nobody answers', 'postgres://ann:hunter2@127.0.0.1:1/shop', 'Nobody answers there: start PostgreSQL'],
    ['it is no URL of a database', 'postgres://ann:hunter2@', 'DATABASE_URL'],
  ])('says what is wrong with the database, and no password, when %s', async (_what, url, words) => {
    const shop = new Command('start.mjs', { PORT: '0', DATABASE_URL: url });
    try {
      expect(await shop.end()).toBe(1);

      expect(shop.output).toContain(words);
      expect(shop.output).not.toContain('hunter2');
      expect(shop.output).not.toContain('    at ');
      expect(shop.leftBehind()).toEqual([]);
    } finally {
      await shop.dispose();
    }
  });

  it('ends with an error and leaves nothing behind when a process of the shop cannot start', async () => {
    const shop = new Command('start.mjs', { PORT: '0', REMINDER_CRON: 'nonsense' });
    try {
      const code = await shop.end();

      expect(code).toBe(1);
      expect(shop.output).toContain('app 1 ended with 1');
      expect(shop.leftBehind()).toEqual([]);
    } finally {
      await shop.dispose();
    }
  });
});

interface Answer<Body = Record<string, string | undefined>> {
  status: number;
  body: Body;
}

function get<Body>(app: string | undefined, path: string): Promise<Answer<Body>> {
  return request('GET', `${app ?? ''}${path}`) as Promise<Answer<Body>>;
}

function post(app: string | undefined, path: string, content?: unknown): Promise<Answer> {
  return request('POST', `${app ?? ''}${path}`, content === undefined ? undefined : JSON.stringify(content));
}

async function request(method: string, url: string, json?: string): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: json ?? null,
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let left = 150; left > 0; left -= 1) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(200);
  }
  throw new Error('It did not happen within half a minute.');
}
