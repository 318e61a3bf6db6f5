import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { acquire, release, untilUp } from '../helpers/ask-node';
import { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';

let server: RedisServer;
let nodes: RedisLockNode[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  nodes = [];
  await server.command('FLUSHALL');
});

afterAll(() => server.stop());

async function open(database: number, keyPrefix?: string, url = server.url): Promise<RedisLockNode> {
  const node = new RedisLockNode(describeRedisNode(`${url}/${database}`), { keyPrefix });
  nodes.push(node);
  await untilUp(node);
  return node;
}

/** Waits for `job` in that database; what it hears. */
async function listen(database: number, keyPrefix?: string): Promise<(string | undefined)[]> {
  const heard: (string | undefined)[] = [];
  const subscription = (await open(database, keyPrefix)).onReleased('job', (released) =>
    heard.push(released),
  );
  await until('it is heard', () => subscription.isHeard);
  heard.length = 0;
  return heard;
}

describe.each([
  [0, 1],
  [1, 0],
  [1, 2],
])('a release in database %d', (here, elsewhere) => {
  it.each([1, 2])(
    'is told to those who wait there and to nobody else, and counts no others (%d at once)',
    async (company) => {
      const [ours, theirs] = [await listen(here), await listen(elsewhere)];
      const node = await open(here);
      const names = ['job', 'other'].slice(0, company);
      for (const name of names) await acquire(node, name, { ownerToken: 'anna' });

      const [vote] = await Promise.all(
        names.map((name) => release(node, name, { ownerToken: 'anna', wakeWaiters: true })),
      );
      await until('it is told', () => ours.length > 0);

      expect(vote).toEqual({ kind: 'granted', waiting: 1 });
      expect(ours).toEqual(['anna']);
      expect(theirs).toEqual([]);
    },
  );

  it('counts nobody where others wait for the same name elsewhere', async () => {
    await listen(elsewhere);
    const node = await open(here);
    await acquire(node, 'job', { ownerToken: 'anna' });

    expect(await release(node, 'job', { ownerToken: 'anna', wakeWaiters: true })).toEqual({
      kind: 'granted',
    });
  });
});

it.each([0, 1])('hears what a process of an older version tells in database %d', async (database) => {
  const heard = await listen(database);

  // It tells no database, and how many there are only where it may ask.
  await server.command('PUBLISH', 'lock:job', '2 anna');
  await server.command('PUBLISH', 'lock:job', ' ben');
  await until('both are heard', () => heard.length === 2);

  expect(heard).toEqual(['anna', 'ben']);
});

describe.each(['lock:', ''])('below the prefix %j', (keyPrefix) => {
  it('takes no notice of what other programs say on a channel of that name', async () => {
    const heard = await listen(0, keyPrefix);

    for (const text of ['', 'hello', 'hello world', '{ "id": 7 }'])
      await server.command('PUBLISH', `${keyPrefix}job`, text);
    await server.command('PUBLISH', `${keyPrefix}job`, '1@0 anna');
    await until('ours is heard', () => heard.length > 0);

    expect(heard).toEqual(['anna']);
  });

  it('takes no notice of releases of that name in another database', async () => {
    const heard = await listen(0, keyPrefix);

    for (const database of [1, 0]) {
      const node = await open(database, keyPrefix);
      await acquire(node, 'job', { ownerToken: `anna of ${database}` });
      await release(node, 'job', { ownerToken: `anna of ${database}`, wakeWaiters: true });
    }
    await until('ours is heard', () => heard.length > 0);

    expect(heard).toEqual(['anna of 0']);
  });
});

it('hears of the resources whose channels it may hear of, though it waits for others too', async () => {
  await server.command(
    ...([
      'ACL',
      'SETUSER',
      'half',
      'on',
      '>pass',
      '~*',
      '+@all',
      'resetchannels',
      '&lock:',
      '&lock:my*',
    ] as const),
  );
  const node = await open(0, undefined, server.url.replace('//', '//half:pass@'));
  const my = node.onReleased('my job', () => undefined);
  const their = node.onReleased('their job', () => undefined);
  await until('it is heard', () => my.isHeard);

  await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until('the connection is gone', () => !my.isHeard);

  await until('it is heard again', () => my.isHeard);
  expect(their.isHeard).toBe(false);
});
