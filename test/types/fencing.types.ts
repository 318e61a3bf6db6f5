/**
 * What the compiler knows of fencing tokens. Nothing here runs: `tsc -p tsconfig.json` is the test. What a module says
 * with `LockDefaults` is tried on the packed package, since it would be true for all files of this project.
 */
import { Cluster, Redis } from 'ioredis';
import type { FencedLock, Lock, LockOptions, LockService } from '../../lib';
import { assertFenced, fencedSet, fenceHeaders, fenceOf, RedisFenceStore } from '../../lib/fencing';

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const is =
  <E>() =>
  <A>(_value: A, _same: Same<E, A>): void =>
    undefined;

export async function tokens(locks: LockService, options: LockOptions, maybe: boolean): Promise<void> {
  const fenced = await locks.acquire('a', { fencing: true });
  const withMore = await locks.acquire(['a', 'b'], { ttl: 5_000, fencing: true, wait: 0 });
  const tried = await locks.tryAcquire('a', { fencing: true });
  is<FencedLock>()(fenced, true);
  is<FencedLock>()(withMore, true);
  is<FencedLock | null>()(tried, true);

  const plain = await locks.acquire('a');
  const without = await locks.acquire('a', { ttl: 5_000 });
  const refused = await locks.acquire('a', { fencing: false });
  const unknown = await locks.acquire('a', { fencing: maybe });
  const passedOn = await locks.acquire('a', options);
  is<Lock>()(plain, true);
  is<Lock>()(without, true);
  is<Lock>()(refused, true);
  is<Lock>()(unknown, true);
  is<Lock>()(passedOn, true);

  const token: number = await locks.withLock('a', { fencing: true }, (lock) => lock.fencingToken);
  is<number>()(token, true);
  // @ts-expect-error It may have none.
  const missing: number = await locks.withLock('a', (lock) => lock.fencingToken);
  // @ts-expect-error A name that is no option.
  await locks.acquire('a', { fence: true });
  // @ts-expect-error Not a boolean.
  await locks.acquire('a', { fencing: 1 });
  is<number>()(missing, true);
}

export async function guards(lock: FencedLock, redis: Redis, cluster: Cluster): Promise<void> {
  await fencedSet(redis, 'key', 'value', lock, { ttl: 5_000 });
  await fencedSet(cluster, 'key', 7, lock);
  is<number>()(fenceOf(lock).token, true);
  assertFenced({ rowCount: 1 }, lock);
  await fetch('http://localhost', { headers: fenceHeaders(lock) });
  await new RedisFenceStore(redis).accept('a', fenceOf(lock));
  // @ts-expect-error Not a result that tells the number of rows.
  assertFenced({ rows: [] }, lock);
  // @ts-expect-error Not a client.
  await fencedSet({}, 'key', 'value', lock);
}
