import fc from 'fast-check';
import Redis from 'ioredis';
import { nameInLine } from '../../lib/ports/lock-mode';
import type { AcquireDenial, AcquireVote, LockNode } from '../../lib/ports/lock-node.interface';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import type { MemoryState } from '../../lib/memory/memory-state';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { isForSets } from '../../lib/redis/request/batch-entry';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { untilUp } from '../helpers/ask-node';
import {
  askStep as ask,
  type AskStep,
  drawnSteps,
  drawnToken,
  IDS,
  RESOURCES,
  roughly,
} from '../helpers/drawn-steps';
import { RedisServer } from '../helpers/redis-server';
import { seeded } from '../helpers/seeded';

type Step =
  | AskStep
  /** What the token has there ends, or who waits there does not any more. */
  | { readonly verb: 'end'; readonly resource: string; readonly token: string; readonly id: string };

const endStep = fc
  .record({ resource: fc.constantFrom(...RESOURCES), token: drawnToken, id: fc.constantFrom(...IDS) })
  .map((what): Step => ({ verb: 'end', ...what }));

const steps = fc.array(fc.oneof(...drawnSteps(), { weight: 1, arbitrary: endStep }), {
  minLength: 1,
  maxLength: 14,
});

let server: RedisServer;
let redisNode: RedisLockNode;
let client: Redis;

beforeAll(async () => {
  server = await RedisServer.start();
  client = new Redis(server.url);
  redisNode = new RedisLockNode(describeRedisNode(server.url));
  await untilUp(redisNode);
});

afterAll(async () => {
  client.disconnect();
  await redisNode.close();
  await server.stop();
});

/** A plain request tells no more than the node knows without more work. */
function essence(step: Step, vote: object): object {
  const { kind, healed, ...rest } = vote as AcquireVote & { healed?: boolean };
  // A server may still know an entry whose time is over: then somebody is woken in vain.
  if (step.verb === 'leave') return {};
  if (step.verb !== 'acquire' || !isForSets(step.request)) return { kind, healed };
  const { nodeMicros, holder, ...told } = rest as Partial<AcquireDenial>;
  if (kind === 'denied') expect(nodeMicros).toBeGreaterThan(0);
  // Of several that end in the same millisecond, either may be the last.
  const whose = step.request.resources.length === 1 ? { holder } : {};
  return {
    kind,
    ...told,
    ...whose,
    holderTtlMs: roughly(told.holderTtlMs),
    freeInMs: roughly(told.freeInMs),
  };
}

async function contentOf(node: LockNode): Promise<object[]> {
  return Promise.all(
    RESOURCES.map(async (resource) => {
      const hold = await node.inspect(resource);
      if (hold === null) return {};
      const members = hold.members?.map(({ ownerToken, slot: at, ttlMs }) =>
        [ownerToken, at ?? 'reader', roughly(ttlMs)].join(' '),
      );
      return {
        owner: members === undefined ? hold.ownerToken : undefined,
        ttl: roughly(hold.ttlMs),
        members: members?.sort(),
        waiting: hold.waiting,
      };
    }),
  );
}

/** As time does: the score of a member is in the past by then, and the key goes with the last of them. */
async function endInRedis(resource: string, ownerToken: string, id: string): Promise<void> {
  const key = `lock:${resource}`;
  const past = Date.now() - 1_000;
  if ((await client.type(key)) === 'zset') {
    for (const member of await client.zrange(key, '0', '-1'))
      if (member.endsWith(`|${ownerToken}`)) await client.zadd(key, String(past), member);
    await client.pexpireat(key, await lastEndOf(key));
  }
  const ends = `line:seen:${key}`;
  for (const name of await client.zrange(ends, '0', '-1'))
    if (name.startsWith(`${id} `)) await client.zadd(ends, String(past), name);
}

async function lastEndOf(key: string): Promise<string> {
  const [last = ''] = await client.zrange(key, '-1', '-1');
  return String(await client.zscore(key, last));
}

function endInMemory(node: MemoryLockNode, resource: string, ownerToken: string, id: string): void {
  const { members, line } = (node as unknown as { state: MemoryState }).state;
  for (const member of members.of(resource, 0))
    if (member.ownerToken === ownerToken) members.put(resource, { ...member, expiresAtMs: 0 });
  for (const permits of [1, 2, 3, 4]) line.leave(resource, 'limited', { id, permits }, 0);
  for (const mode of ['exclusive', 'shared'] as const) line.leave(resource, mode, { id }, 0);
}

it('a node in memory and one on a server vote the same and keep the same, whatever they are asked', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      await client.flushall();
      const memoryNode = new MemoryLockNode();
      for (const step of all) {
        if (step.verb === 'end') {
          await endInRedis(step.resource, step.token, step.id);
          endInMemory(memoryNode, step.resource, step.token, step.id);
        } else {
          const [here, there] = await Promise.all([ask(memoryNode, step), ask(redisNode, step)]);
          expect(essence(step, there)).toEqual(essence(step, here));
        }
        expect(await contentOf(redisNode)).toEqual(await contentOf(memoryNode));
      }
      await expectEveryKeyToEnd();
    }),
    seeded(400),
  );
});

it('they do so too for what is asked in one tick, and travels together', async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, async (before, together) => {
      await client.flushall();
      const memoryNode = new MemoryLockNode();
      const asked = (all: readonly Step[]) => all.filter((step) => step.verb !== 'end');
      for (const step of asked(before)) await Promise.all([ask(memoryNode, step), ask(redisNode, step)]);
      const both = asked(together).map((step) => ({
        step,
        votes: [ask(memoryNode, step), ask(redisNode, step)] as const,
      }));
      for (const { step, votes } of both) {
        const [here, there] = await Promise.all(votes);
        expect(essence(step, there)).toEqual(essence(step, here));
      }
      expect(await contentOf(redisNode)).toEqual(await contentOf(memoryNode));
      await expectEveryKeyToEnd();
    }),
    seeded(300),
  );
});

/** And a set exactly with its last member. */
async function expectEveryKeyToEnd(): Promise<void> {
  for (const key of await client.keys('*')) {
    expect(await client.pttl(key)).toBeGreaterThan(0);
    const isMembers = key.startsWith('lock:') && (await client.type(key)) === 'zset';
    if (isMembers) expect(await client.call('PEXPIRETIME', key)).toBe(Number(await lastEndOf(key)));
  }
}

it('the order of those who wait is by id where tickets are equal, however they wait', () => {
  const names = IDS.flatMap((id) => [
    nameInLine('exclusive', { id }),
    nameInLine('shared', { id }),
    nameInLine('limited', { id, permits: 12 }),
  ]);

  expect([...names].sort().map((name) => name.slice(0, 2))).toEqual(names.map((name) => name.slice(0, 2)));
});
