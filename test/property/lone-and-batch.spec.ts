import fc from 'fast-check';
import Redis from 'ioredis';
import type { AcquireVote, LockNode, ReleaseSubscription } from '../../lib/ports/lock-node.interface';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { isForSets } from '../../lib/redis/request/batch-entry';
import { acquire, release, untilUp } from '../helpers/ask-node';
import {
  askStep,
  type AskStep,
  drawnSteps,
  drawnToken,
  FIRST_TICKET,
  plainSteps,
  RESOURCES,
  roughly,
} from '../helpers/drawn-steps';
import { RedisServer } from '../helpers/redis-server';
import { seeded } from '../helpers/seeded';
import { until } from '../helpers/until';

/** How far a proposal may be from the clock of a node, and how far those are that are too far. */
const SKEW_MICROS = 10_000_000;
const FAR_MICROS = 60_000_000;

/** Relative to the moment at which the case begins, so that a case is the same at each run. */
const fence = fc.option(
  fc.record({
    proposal: fc.oneof(fc.nat({ max: 3 }), fc.constantFrom(-FAR_MICROS, FAR_MICROS)),
    skewMicros: fc.constant(SKEW_MICROS),
    keepMs: fc.constantFrom(70_000, 130_000),
  }),
  { nil: undefined, freq: 2 },
);

const step = fc.oneof(
  ...plainSteps(fence, fc.boolean()),
  ...drawnSteps({ fence, wakeWaiters: fc.boolean() }),
);
const stepsBefore = fc.array(step, { maxLength: 4 });
const steps = fc.array(step, { minLength: 1, maxLength: 10 });

/** To listen takes a while, so not in most cases. */
const isHeardNow = fc.nat({ max: 2 }).map((drawn) => drawn === 0);

type Command = readonly [name: string, ...args: (string | number)[]];

/** A key that another program has, a value that never ends, or a caller that stands in line for a free resource. */
type Found = (startMs: number) => readonly Command[];

const found: fc.Arbitrary<Found> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Found>(() => []) },
  fc.constantFrom(...RESOURCES).map((resource): Found => () => [['HSET', `lock:${resource}`, 'f', '1']]),
  fc.constantFrom(...RESOURCES).map((resource): Found => () => [['ZADD', `lock:${resource}`, '1', 'm']]),
  fc
    .record({ resource: fc.constantFrom(...RESOURCES), token: drawnToken })
    .map(({ resource, token }): Found => () => [['SET', `lock:${resource}`, token]]),
  fc
    .record({ resource: fc.constantFrom(...RESOURCES), mode: fc.constantFrom('x', 's', 'p1') })
    .map(({ resource, mode }): Found => (startMs) => [
      ['ZADD', `line:who:lock:${resource}`, FIRST_TICKET, `i9 ${mode}`],
      ['ZADD', `line:seen:lock:${resource}`, startMs + 90_000, `i9 ${mode}`],
      ...['who', 'seen'].map((what): Command => ['PEXPIRE', `line:${what}:lock:${resource}`, 180_000]),
    ]),
);

/** A server, the node that is asked, and another one that listens to it. */
class Side {
  private readonly heard: string[] = [];
  private listening: ReleaseSubscription[] = [];

  private constructor(
    private readonly server: RedisServer,
    readonly node: RedisLockNode,
    private readonly listener: RedisLockNode,
    private readonly client: Redis,
  ) {}

  static async open(): Promise<Side> {
    const server = await RedisServer.start();
    const [node, listener] = [server.url, server.url].map(
      (url) => new RedisLockNode(describeRedisNode(url)),
    ) as [RedisLockNode, RedisLockNode];
    await Promise.all([untilUp(node), untilUp(listener)]);
    return new Side(server, node, listener, new Redis(server.url));
  }

  async begin(isHeard: boolean, there: readonly Command[]): Promise<void> {
    await this.client.flushall();
    for (const [name, ...args] of there) await this.client.call(name, ...args);
    this.heard.length = 0;
    if (!isHeard) return;
    this.listening = [...RESOURCES, MARK].map((resource) =>
      this.listener.onReleased(resource, (ownerToken) => {
        if (ownerToken !== undefined) this.heard.push(`${ownerToken} of ${resource}`);
      }),
    );
    await until('it is heard', () => this.listening.every((one) => one.isHeard));
  }

  /** What was told of releases since the beginning, in order. */
  async end(): Promise<readonly string[]> {
    if (this.listening.length > 0) {
      await acquire(this.node, MARK, { ownerToken: MARK });
      await release(this.node, MARK, { ownerToken: MARK, wakeWaiters: true });
      await until('the last release was told', () => this.heard.at(-1) === `${MARK} of ${MARK}`);
      for (const one of this.listening.splice(0)) one.stop();
      await until('it listens no more', async () => (await this.client.pubsub('CHANNELS')).length === 0);
    }
    return this.heard;
  }

  /** All keys of the server, and what they have. */
  async content(startMicros: number): Promise<unknown> {
    const all = (await this.client.eval(CONTENT, 0)) as [string, string | [string, string][], number][];
    return all.map(([key, value, left]) => {
      // A line is kept for twice as long as its entries: a multiple of what times are told apart by.
      const ttl = left < 0 ? left : roughly(key.startsWith('line:') ? left + 10_000 : left);
      if (typeof value === 'string') return [key, numberIn(value, startMicros), ttl];
      // Of a line the scores are tickets, and elsewhere they are times.
      return [
        key,
        value.map(([member, score]) => [
          member,
          key.startsWith('line:who:') || left < 0 ? score : roughly(Number(score)),
        ]),
        ttl,
      ];
    });
  }

  async close(): Promise<void> {
    this.client.disconnect();
    await Promise.all([this.node.close(), this.listener.close()]);
    await this.server.stop();
  }
}

const MARK = 'mark';

/** Each key, its value or its members with their scores, and its ttl; of scores that are times, what is left of them. */
const CONTENT = `
local now, found = redis.call('TIME'), {}
local nowMs = now[1] * 1000 + math.floor(now[2] / 1000)
local keys = redis.call('KEYS', '*')
table.sort(keys)
for n, key in ipairs(keys) do
  local kind, value = redis.call('TYPE', key).ok, nil
  if kind == 'string' then value = redis.call('GET', key) else value = {} end
  if kind == 'zset' then
    local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #all, 2 do
      local isTicket = string.find(key, 'line:who:', 1, true) == 1 or redis.call('PTTL', key) < 0
      value[#value + 1] = { all[i], isTicket and all[i + 1] or string.format('%.0f', all[i + 1] - nowMs) }
    end
    table.sort(value, function(a, b) return a[1] < b[1] end)
  end
  found[n] = { key, value, redis.call('PTTL', key) }
end
return found
`;

/** A fencing number, as what it is from the beginning of the case on; those of a clock that is far away differ a little. */
function numberIn(value: number | string, startMicros: number): number | string {
  if (typeof value === 'string' && !/^\d{16}$/.test(value)) return value;
  const since = Number(value) - startMicros;
  for (const far of [-SKEW_MICROS, SKEW_MICROS]) {
    if (Math.abs(since - far) < SKEW_MICROS / 2) return far < 0 ? 'behind' : 'ahead';
  }
  return since;
}

/** A plain request that travels by itself may tell more of a denial: who is in the way. */
function essence({ verb, request }: AskStep, vote: object, startMicros: number): object {
  const { kind, nodeMicros: _, ...told } = vote as AcquireVote & { nodeMicros?: number };
  if (verb === 'acquire' && kind === 'denied' && !isForSets(request)) return { kind };
  const {
    fence: number,
    holderTtlMs,
    freeInMs,
    holder,
    error,
    ...rest
  } = told as Partial<{
    fence: number;
    holderTtlMs: number;
    freeInMs: number;
    holder: string;
    error: { code?: string };
  }>;
  return {
    kind,
    ...rest,
    // Of several keys that end in the same millisecond, either may be the last.
    holder: request.resources.length === 1 ? holder : undefined,
    code: error?.code,
    holderTtlMs: roughly(holderTtlMs),
    freeInMs: roughly(freeInMs),
    fence: number === undefined ? undefined : numberIn(number, startMicros),
  };
}

/** With the proposal of its fence in microseconds since 1970. */
function atMoment(step: AskStep, startMicros: number): AskStep {
  if (step.verb !== 'acquire' || step.request.fence === undefined) return step;
  const { fence: drawn } = step.request;
  return {
    verb: 'acquire',
    request: { ...step.request, fence: { ...drawn, proposal: startMicros + drawn.proposal } },
  };
}

async function oneByOne(node: LockNode, asked: readonly AskStep[]): Promise<object[]> {
  const votes: object[] = [];
  for (const step of asked) votes.push(await askStep(node, step));
  return votes;
}

describe('a request alone and the same request in a batch agree', () => {
  let alone: Side;
  let together: Side;

  beforeAll(async () => {
    [alone, together] = await Promise.all([Side.open(), Side.open()]);
  });

  afterAll(() => Promise.all([alone.close(), together.close()]));

  it('on votes, keys and what waiters are told, whatever was there before', async () => {
    await fc.assert(
      fc.asyncProperty(stepsBefore, steps, isHeardNow, found, async (drawnBefore, drawn, isHeard, there) => {
        const startMs = Date.now();
        const startMicros = startMs * 1_000;
        const before = drawnBefore.map((step) => atMoment(step, startMicros));
        const asked = drawn.map((step) => atMoment(step, startMicros));
        await Promise.all([alone, together].map((side) => side.begin(isHeard, there(startMs))));
        await Promise.all([alone, together].map((side) => oneByOne(side.node, before)));

        const [lone, batched] = await Promise.all([
          oneByOne(alone.node, asked),
          Promise.all(asked.map((step) => askStep(together.node, step))),
        ]);

        const [toldOfLone, toldOfBatch] = await Promise.all([alone.end(), together.end()]);
        const seen = (votes: readonly object[]) =>
          asked.map((step, n) => ({ step, vote: essence(step, votes[n] as object, startMicros) }));
        expect(seen(batched)).toEqual(seen(lone));
        expect(await together.content(startMicros)).toEqual(await alone.content(startMicros));
        expect(toldOfBatch).toEqual(toldOfLone);
      }),
      seeded(300),
    );
  });
});
