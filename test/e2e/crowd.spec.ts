import { createLockService, type LockService } from '../../lib';
import type { AcquireRequest, AcquireVote, LockNode } from '../../lib/ports/lock-node.interface';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { untilUp } from '../helpers/ask-node';
import { commandCounts } from '../helpers/command-counts';
import { type RedisServer, startRedisServers } from '../helpers/redis-server';

const PROCESSES = 4;
const CALLERS = 8;
const TURNS = 5;

let servers: RedisServer[] = [];
let nodes: RedisLockNode[] = [];
let services: LockService[] = [];

beforeEach(async () => {
  servers = await startRedisServers(3);
});

afterEach(async () => {
  for (const server of servers) server.resume();
  await Promise.all(services.map((service) => service.close()));
  await Promise.all(nodes.map((node) => node.close()));
  services = [];
  nodes = [];
  await Promise.all(servers.map((server) => server.stop()));
});

/** By owner token: how many nodes granted it while it could be won, and how many denied. */
type Votes = Map<string, { granted: number; denied: number }>;

/** Wraps a node, and counts its votes. */
function overheard(node: RedisLockNode, votes: Votes): LockNode {
  const acquire = node.acquire.bind(node);
  node.acquire = (request: AcquireRequest, vote: (vote: AcquireVote) => void) => {
    acquire(request, (answer) => {
      const count = votes.get(request.ownerToken) ?? { granted: 0, denied: 0 };
      // A grant that comes when a majority has denied splits nothing: it is released by itself.
      const isLate = answer.kind === 'granted' && count.denied > 1;
      if (answer.kind !== 'failed' && !isLate) count[answer.kind] += 1;
      votes.set(request.ownerToken, count);
      vote(answer);
    });
  };
  return node;
}

/** Services of their own, each with connections of its own, as in as many processes. */
async function startProcesses(votes: Votes = new Map()): Promise<void> {
  for (let process = 0; process < PROCESSES; process++) {
    const own = servers.map(({ url }) => new RedisLockNode(describeRedisNode(url)));
    nodes.push(...own);
    services.push(createLockService({ nodes: own.map((node) => overheard(node, votes)), nodeTimeout: 500 }));
    for (const node of own) await untilUp(node);
  }
}

/** All callers of all processes want the same lock again and again. */
async function crowd(turns = TURNS) {
  let inside = 0;
  let most = 0;
  const turnsOf = new Map<LockService, number>();
  await Promise.all(
    services.flatMap((service) =>
      Array.from({ length: CALLERS }, async () => {
        for (let turn = 0; turn < turns; turn++) {
          await service.withLock('a', { wait: 50_000 }, async () => {
            most = Math.max(most, ++inside);
            await new Promise((resolve) => setTimeout(resolve, 1));
            inside -= 1;
          });
          turnsOf.set(service, (turnsOf.get(service) ?? 0) + 1);
        }
      }),
    ),
  );
  return { most, total: [...turnsOf.values()].reduce((sum, one) => sum + one, 0) };
}

describe('32 callers in 4 processes on one lock', () => {
  it('get it one at a time, and hardly an attempt splits the votes', async () => {
    const votes: Votes = new Map();
    await startProcesses(votes);
    const before = await Promise.all(servers.map((server) => commandCounts(server)));

    const { most, total } = await crowd();

    expect(most).toBe(1);
    expect(total).toBe(PROCESSES * CALLERS * TURNS);
    // Got something, and not enough: that keeps others away from what it got.
    const split = [...votes.values()].filter(({ granted, denied }) => granted > 0 && denied > 1);
    expect(split.length).toBeLessThanOrEqual(total * 0.02);
    const after = await Promise.all(servers.map((server, i) => commandCounts(server, before[i])));
    const asked = after.reduce((sum, one) => sum + (one['evalsha'] ?? 0), 0);
    expect(asked / total).toBeLessThan(15);
    for (const server of servers) expect(await server.command('DBSIZE')).toBe(0);
  });

  it('get it while the first node stalls, and after it goes on', async () => {
    await startProcesses();
    await crowd(1);
    const first = [...servers].sort((a, b) => (a.url < b.url ? -1 : 1))[0];

    first?.pause();
    const stalled = await crowd(2);
    first?.resume();
    const again = await crowd(2);

    expect([stalled.most, again.most]).toEqual([1, 1]);
    expect(again.total).toBe(PROCESSES * CALLERS * 2);
  });

  it('get it while the first node is down, and after it is back', async () => {
    await startProcesses();
    const first = [...servers].sort((a, b) => (a.url < b.url ? -1 : 1))[0];

    await first?.kill();
    const down = await crowd(2);
    await first?.restart();
    const again = await crowd(2);

    expect([down.most, again.most]).toEqual([1, 1]);
    expect(again.total).toBe(PROCESSES * CALLERS * 2);
  });
});
