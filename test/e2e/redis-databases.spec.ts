import { describeRedisNode } from '../../lib/redis/redis-connections';
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

async function open(database: number): Promise<RedisLockNode> {
  const node = new RedisLockNode(describeRedisNode(`${server.url}/${database}`));
  nodes.push(node);
  await untilUp(node);
  return node;
}

/** Waits for `job` in that database; what it hears. */
async function listen(database: number): Promise<(string | undefined)[]> {
  const heard: (string | undefined)[] = [];
  const subscription = (await open(database)).onReleased('job', (released) => heard.push(released));
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

it('takes no notice of what other programs say on a channel of that name', async () => {
  const heard = await listen(0);

  for (const text of ['', 'hello', 'hello world', '{ "id": 7 }'])
    await server.command('PUBLISH', 'lock:job', text);
  await server.command('PUBLISH', 'lock:job', '1@0 anna');
  await until('ours is heard', () => heard.length > 0);

  expect(heard).toEqual(['anna']);
});
