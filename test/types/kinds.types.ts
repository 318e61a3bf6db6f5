/** What the compiler knows of shared and limited locks. Nothing here runs: `tsc -p tsconfig.json` is the test. */
import type { FencedLock, LimitedLock, Lock, LockService, LockTarget } from '../../lib';

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const is =
  <E>() =>
  <A>(_value: A, _same: Same<E, A>): void =>
    undefined;

export async function kinds(locks: LockService, targets: LockTarget[]): Promise<void> {
  is<Lock>()(await locks.acquire('a', { mode: 'shared' }), true);
  is<Lock>()(await locks.acquire({ shared: 'a' }), true);
  is<Lock>()(await locks.acquire(['a', { shared: 'b' }]), true);
  is<Lock>()(await locks.acquire(targets), true);

  const limited = await locks.acquire('a', { limit: 5 });
  is<LimitedLock & Lock>()(limited, true);
  is<number>()(limited.slots[0], true);
  const fenced = await locks.acquire('a', { limit: 5, fencing: true });
  is<LimitedLock & FencedLock>()(fenced, true);
  is<number>()(fenced.fencingToken, true);
  is<number>()(await locks.withLock('a', { limit: 5 }, ({ slots: [slot] }) => slot), true);
  is<number | undefined>()(await locks.withLock('a', ({ slots: [slot] }) => slot), true);

  // @ts-expect-error No such mode.
  await locks.acquire('a', { mode: 'read' });
  // @ts-expect-error No number.
  await locks.acquire('a', { limit: '5' });
  // @ts-expect-error Not a target.
  await locks.acquire({ share: 'a' });
}
