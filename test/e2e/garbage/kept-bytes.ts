import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { createLockService } from '../../../lib/service/create-lock-service';
import type { LockOptions } from '../../../lib/locking/api/lock-options';
import type { LockService } from '../../../lib/service/lock.service';

const CALLERS = 5;
const ROUNDS = 40;
const COLLECTIONS = 10;
const SAMPLES = 9;

/** The ways to have a lock for a moment. */
const WAYS = {
  handle: async (locks: LockService, resource: string, options: LockOptions) => {
    const lock = await locks.acquire(resource, options);
    await lock.release();
  },
  unitOfWork: (locks: LockService, resource: string, options: LockOptions) =>
    locks.holdUntilDone(() => locks.withLock(resource, options, () => undefined)),
};

type Way = keyof typeof WAYS;

async function acquireAndRelease(locks: LockService, way: Way, options: LockOptions): Promise<void> {
  const caller = async (_: unknown, name: number) => {
    for (let round = 0; round < ROUNDS; round++) await WAYS[way](locks, `${name}:${round % 2}`, options);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** Where what outlives two young collections is moved to. */
function oldBytes(): number {
  const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space');
  if (old === undefined) throw new Error('V8 names its spaces otherwise');
  return old.space_used_size;
}

function collectYoung(): void {
  if (gc === undefined) throw new Error('to be run with --expose-gc');
  gc({ type: 'minor' });
}

/** How many bytes per lock outlive the young collections that come when the lock is over. */
async function keptPerLock(locks: LockService, way: Way, options: LockOptions): Promise<number> {
  const before = oldBytes();
  for (let i = 0; i < COLLECTIONS; i++) {
    await acquireAndRelease(locks, way, options);
    // A release waits for a quorum. After this one, all nodes have answered everything.
    await locks.inspect('any');
    await nextTurn();
    collectYoung();
    collectYoung();
  }
  return (oldBytes() - before) / (COLLECTIONS * ROUNDS * CALLERS);
}

/** Writes a line for each sample. */
async function main([way = 'handle', options = '{}', ...nodes]: string[]): Promise<void> {
  const locks = createLockService({ nodes });
  const how = JSON.parse(options) as LockOptions;
  for (let i = 0; i < SAMPLES; i++) console.log(await keptPerLock(locks, way as Way, how));
  await locks.close();
}

// Started as `node -e`, which has no file among its arguments.
void main(process.argv.slice(2));
