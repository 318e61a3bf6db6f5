import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLockService } from '../../lib/create-lock-service';
import type { LockService } from '../../lib/lock.service';
import { RedisServer } from '../helpers/redis-server';

const CALLERS = 5;
const ROUNDS = 40;
const COLLECTIONS = 10;
const SAMPLES = 9;

let servers: RedisServer[];
let locks: LockService;

beforeAll(async () => {
  servers = await Promise.all([RedisServer.start(), RedisServer.start(), RedisServer.start()]);
  locks = createLockService({ nodes: servers.map(({ url }) => url) });
});

afterAll(async () => {
  await locks.close();
  await Promise.all(servers.map((server) => server.stop()));
});

async function run(): Promise<void> {
  const caller = async (_: unknown, name: number) => {
    for (let round = 0; round < ROUNDS; round++) {
      const lock = await locks.acquire(`${name}:${round % 2}`);
      await lock.release();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

function youngCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
  return () => {
    collect({ type: 'minor' });
  };
}

/** Where what outlives two young collections is moved to. */
function oldBytes(): number {
  const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space');
  if (old === undefined) throw new Error('V8 names its spaces otherwise');
  return old.space_used_size;
}

/** How many bytes per lock outlive the young collections that come when the lock is over. */
async function keptPerLock(collectYoung: () => void): Promise<number> {
  const before = oldBytes();
  for (let i = 0; i < COLLECTIONS; i++) {
    await run();
    // Who gives back a lock waits for a quorum. Behind this, all nodes have answered everything.
    await locks.inspect('any');
    await nextTurn();
    collectYoung();
    collectYoung();
  }
  return (oldBytes() - before) / (COLLECTIONS * ROUNDS * CALLERS);
}

/**
 * What outlives a young collection is copied, and lives on until the next full one. Of what a lock allocates, about 7 kB,
 * that should be nothing once it is over.
 */
it('what is left of a lock dies young', async () => {
  const collectYoung = youngCollector();
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i++) samples.push(await keptPerLock(collectYoung));

  // The median: compiled code is kept in the first ones, and a full collection may come in one of them.
  samples.sort((a, b) => a - b);
  const median = samples[Math.floor(SAMPLES / 2)] as number;
  // 300, for the names and some strings; from 1,500 on if a single thing keeps what is over.
  expect(median).toBeLessThan(600);
});
