import { type HeapProfiler, Session } from 'node:inspector/promises';
import { createLockService } from '../../lib/create-lock-service';
import type { LockService } from '../../lib/lock.service';
import { RedisServer } from '../helpers/redis-server';

/** Few: what they have under way at the moment of a young collection survives it. */
const CALLERS = 5;

let servers: RedisServer[];
let locks: LockService;
let session: Session;

beforeAll(async () => {
  servers = await Promise.all([RedisServer.start(), RedisServer.start(), RedisServer.start()]);
  locks = createLockService({ nodes: servers.map(({ url }) => url) });
  session = new Session();
  session.connect();
});

afterAll(async () => {
  session.disconnect();
  await locks.close();
  await Promise.all(servers.map((server) => server.stop()));
});

async function run(rounds: number): Promise<void> {
  const caller = async (_: unknown, name: number) => {
    for (let round = 0; round < rounds; round++) {
      const lock = await locks.acquire(`${name}:${round % 2}`);
      await lock.release();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

function bytesBelow({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((sum, child) => sum + bytesBelow(child), selfSize);
}

/** How much is allocated, without what young collections take meanwhile where `survivors` is true. */
async function allocated(survivors: boolean): Promise<number> {
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 4_096,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: !survivors,
  });
  await run(2_000);
  const { profile } = await session.post('HeapProfiler.stopSampling');
  return bytesBelow(profile.head);
}

/**
 * What outlives a young collection is copied, and lives on until the next full one. Of what a lock allocates that is what
 * the locks under way have at the moment, and nothing of those that are over.
 */
it('what is left of a lock dies young', async () => {
  await run(2_000);

  const all = await allocated(false);
  const survived = await allocated(true);

  // A twentieth, as a rule; 15 % to 40 % if a single thing keeps what is over.
  expect(survived / all).toBeLessThan(0.12);
});
