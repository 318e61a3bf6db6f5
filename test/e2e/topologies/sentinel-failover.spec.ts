import Redis from 'ioredis';
import { createLockService, type LockEvent, type LockService, type RedlockNodeInput } from '../../../lib';
import { SentinelGroup } from '../../helpers/redis-sentinel';
import { until } from '../../helpers/until';

let group: SentinelGroup;
const services: LockService[] = [];
const events: LockEvent[] = [];

beforeEach(async () => {
  group = await SentinelGroup.start();
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
  await group.stop();
  events.length = 0;
});

function open(node: RedlockNodeInput): LockService {
  const locks = createLockService({
    nodes: [node],
    maxTtl: 1_500,
    // Who waits, waits through the failover as well.
    defaults: { ttl: 1_500, outageWait: 30_000 },
    shutdownTimeout: 0,
  });
  locks.events$.subscribe((event) => events.push(event));
  services.push(locks);
  return locks;
}

const sentinels = () => [{ host: '127.0.0.1', port: group.sentinelPort }];

/** How many connections of ours a server has. */
async function ours(server: { command(...args: [string, ...string[]]): Promise<unknown> }): Promise<number> {
  return String(await server.command('CLIENT', 'LIST')).split('name=nestjs-redlock').length - 1;
}

it.each<[string, () => RedlockNodeInput]>([
  ['options', () => ({ sentinels: sentinels(), name: group.name })],
  ['a client', () => new Redis({ sentinels: sentinels(), name: group.name, lazyConnect: true })],
])(
  'a planned failover takes all connections to the new master, before the old one knows: from %s',
  async (_, node) => {
    const locks = open(node());
    await (await locks.acquire('a', { wait: 10_000 })).release();
    expect(await ours(group.master)).toBe(1);

    await group.failOver();
    await until('nobody is connected to the old master', async () => (await ours(group.master)) === 0);

    // Who stayed would go on locking there for ten seconds.
    expect(String(await group.master.command('INFO', 'replication'))).toContain('role:master');
    const lock = await locks.acquire('a', { wait: 10_000 });
    expect(await group.replica.command('GET', 'lock:a')).toBe(lock.ownerToken);
    expect(events.map(({ type }) => type)).toContain('node-guarded');
  },
);

it.each<[string, () => RedlockNodeInput, RegExp]>([
  [
    'no group of that name',
    () => ({ sentinels: sentinels(), name: 'lokcs' }),
    /no Sentinel.*"lokcs".*`name`/,
  ],
  [
    'nobody there',
    () => ({ sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'locks' }),
    /no Sentinel.*ECONNREFUSED/,
  ],
  [
    'a Sentinel that does not answer',
    () => ({ sentinels: sentinels(), name: 'locks', sentinelCommandTimeout: 200 }),
    /no Sentinel.*timed out/,
  ],
])('a Sentinel node that finds %s is down with the reason, once', async (what, node, reason) => {
  if (what.includes('does not answer')) group.pauseSentinel();
  open(node());

  await until('it is down', () => events.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 300));

  expect(events.map(({ type }) => type)).toEqual(['node-down']);
  expect(events[0]).toMatchObject({ error: { message: expect.stringMatching(reason) as string } });
});
