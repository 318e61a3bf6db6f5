import type { NodeStatusChange } from '../../lib/ports/lock-node.interface';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { acquire, untilUp } from '../helpers/ask-node';
import { commandCounts } from '../helpers/command-counts';
import { RedisServer } from '../helpers/redis-server';
import { VirtualClock } from '../helpers/virtual-clock';

let server: RedisServer;
let node: RedisLockNode;

beforeEach(async () => {
  server = await RedisServer.start();
});

afterEach(async () => {
  await node.close();
  await server.stop();
});

/** Lets the time pass that the node sees, and the server answer in the time that it needs. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    await clock.advance(1_000);
    await server.command('PING');
  }
}

it('a node that nobody uses keeps its connection', async () => {
  const clock = new VirtualClock();
  node = new RedisLockNode(describeRedisNode(server.url), { clock });
  await untilUp(node);
  const changes: NodeStatusChange[] = [];
  node.onStatus((change) => changes.push(change));

  await pass(clock, 60_000);

  expect(changes).toEqual([]);
});

it('a node that nobody uses is asked for its time seldom, and at once before it is used again', async () => {
  const clock = new VirtualClock();
  node = new RedisLockNode(describeRedisNode(server.url), { clock, maxTtlMs: 10_000 });
  await untilUp(node);
  const asked = async () => (await commandCounts(server))['time'] ?? 0;
  await pass(clock, 15_000);
  const before = await asked();

  await pass(clock, 120_000);
  const atRest = (await asked()) - before;
  await acquire(node, 'a', { ownerToken: 'anna' });
  const used = (await asked()) - before - atRest;
  await pass(clock, 10_000);
  const atWork = (await asked()) - before - atRest - used;

  expect([atRest, used]).toEqual([4, 1]);
  expect(atWork).toBeGreaterThanOrEqual(1);
});
