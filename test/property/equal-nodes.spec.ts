import fc from 'fast-check';
import Redis from 'ioredis';
import { nameInLine } from '../../lib/ports/lock-mode';
import type {
  AcquireDenial,
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  LeaveRequest,
  LockNode,
  ReleaseRequest,
} from '../../lib/ports/lock-node.interface';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import type { MemoryState } from '../../lib/memory/memory-state';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { isForSets } from '../../lib/redis/request/set-calls';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { untilUp } from '../helpers/ask-node';
import { RedisServer } from '../helpers/redis-server';
import { seeded } from '../helpers/seeded';

const RESOURCES = ['{a}x', '{a}y'];
const TOKENS = ['t1', 't2', 't3', 't4'];
const IDS = ['i1', 'i2', 'i3'];
const FIRST_TICKET = 1_790_000_000_000_000;

/** Times are told apart by this much, and a case is over in less than half of it. */
const APART_MS = 20_000;

type Step =
  | { readonly verb: 'acquire'; readonly request: AcquireRequest }
  | { readonly verb: 'extend'; readonly request: ExtendRequest }
  | { readonly verb: 'release'; readonly request: ReleaseRequest }
  | { readonly verb: 'leave'; readonly request: LeaveRequest }
  /** What the token has there ends, or who waits there does not any more. */
  | { readonly verb: 'end'; readonly resource: string; readonly token: string; readonly id: string };

const token = fc.constantFrom(...TOKENS);
const ms = fc.integer({ min: 1, max: 8 }).map((times) => (times + 0.5) * APART_MS);
const some = fc.subarray(RESOURCES, { minLength: 1 });
const slot = fc.nat({ max: 3 });

const entry = fc.record(
  {
    id: fc.constantFrom(...IDS),
    entryMs: ms,
    ticket: fc.integer({ min: 1, max: 3 }).map((ticket) => FIRST_TICKET + ticket),
  },
  { requiredKeys: ['id', 'entryMs'] },
);

/** Readers, writers and both; or permits of one resource. */
const wanted = fc.oneof(
  fc.record({ resources: some, shared: fc.subarray(RESOURCES) }),
  fc
    .record({ limit: fc.integer({ min: 1, max: 4 }), start: slot, picks: fc.shuffledSubarray([0, 1, 2, 3]) })
    .chain(({ limit, start, picks }) =>
      fc.record({
        resources: fc.constantFrom(...RESOURCES).map((resource) => [resource]),
        limit: fc
          .record({ permits: fc.integer({ min: 1, max: limit }), isExact: fc.boolean(), swap: fc.boolean() })
          .map(({ permits, isExact, swap }) => {
            const below = picks.filter((pick) => pick < limit).slice(0, permits);
            const exact = isExact && below.length > 0 ? { exact: below, swap } : {};
            return {
              limit,
              start: start % limit,
              permits: isExact ? below.length || permits : permits,
              ...exact,
            };
          }),
      }),
    ),
);

const acquireStep = fc
  .record(
    { wanted, ownerToken: token, ttlMs: ms, askHolderTtl: fc.boolean(), replaces: token, line: entry },
    { requiredKeys: ['wanted', 'ownerToken', 'ttlMs', 'askHolderTtl'] },
  )
  .filter(({ ownerToken, replaces }) => ownerToken !== replaces)
  .map(({ wanted: what, line, ...rest }): Step => {
    const permits = 'limit' in what ? { permits: what.limit.permits } : {};
    return {
      verb: 'acquire',
      request: { ...rest, ...what, ...(line === undefined ? {} : { line: { ...line, ...permits } }) },
    };
  });

const kept = fc.oneof(
  fc.record({ resources: some, shared: fc.subarray(RESOURCES) }),
  fc.record({
    resources: fc.constantFrom(...RESOURCES).map((resource) => [resource]),
    slots: fc.uniqueArray(slot, { minLength: 1, maxLength: 3 }),
  }),
);

const extendStep = fc
  .record(
    { kept, ownerToken: token, ttlMs: ms, replaces: token, putsBack: fc.boolean() },
    { requiredKeys: ['kept', 'ownerToken', 'ttlMs'] },
  )
  .filter(({ ownerToken, replaces }) => ownerToken !== replaces)
  .map(({ kept: what, ...rest }): Step => ({ verb: 'extend', request: { ...rest, ...what } }));

const releaseStep = fc
  .record(
    { kept, ownerToken: token, keepMs: ms, line: entry, turnMs: ms, isAll: fc.boolean() },
    { requiredKeys: ['kept', 'ownerToken', 'isAll'] },
  )
  .map(({ kept: what, isAll, line, ...rest }): Step => {
    const permits = 'slots' in what ? { permits: what.slots.length } : {};
    const slots = 'slots' in what ? { slots: isAll ? ('all' as const) : what.slots } : {};
    const back = line === undefined ? {} : { line: { ...line, ...permits } };
    return {
      verb: 'release',
      request: { ttlMs: 1, wakeWaiters: false, ...rest, ...what, ...slots, ...back },
    };
  });

const leaveStep = fc
  .record({ kept, id: fc.constantFrom(...IDS) })
  .map(({ kept: { resources, ...what }, id }): Step => {
    const line = 'slots' in what ? { id, permits: what.slots.length } : { id };
    const shared = 'shared' in what ? { shared: what.shared } : {};
    return { verb: 'leave', request: { resources, line, ownerToken: 'left', wakeWaiters: false, ...shared } };
  });

const endStep = fc
  .record({ resource: fc.constantFrom(...RESOURCES), token, id: fc.constantFrom(...IDS) })
  .map((what): Step => ({ verb: 'end', ...what }));

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: acquireStep },
    { weight: 2, arbitrary: extendStep },
    { weight: 3, arbitrary: releaseStep },
    { weight: 1, arbitrary: leaveStep },
    { weight: 1, arbitrary: endStep },
  ),
  { minLength: 1, maxLength: 14 },
);

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

function roughly(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : Math.floor(timeMs / APART_MS);
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

function ask(node: LockNode, step: Exclude<Step, { verb: 'end' }>): Promise<object> {
  return new Promise((resolve) => {
    if (step.verb === 'acquire') node.acquire(step.request, resolve);
    else if (step.verb === 'extend') node.extend(step.request, resolve);
    else if (step.verb === 'release') node.release(step.request, resolve);
    else node.leave?.(step.request, resolve);
  });
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
