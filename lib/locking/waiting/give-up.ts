import type { FailedAttempt } from '../../core/attempt';
import type { LockHolder } from '../../errors/lock-holder.interface';
import { LockBusyError } from '../../errors/lock-busy.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import { describeOwner } from '../api/owner-token';
import type { WaitingLine } from './waiting-line';

/** Who gave up. */
interface Caller {
  readonly resources: readonly string[];
  readonly waitedMs: number;
}

/** The time was over after an attempt that failed. */
export function gaveUp(
  { resources, waitedMs }: Caller,
  { outcome, votes, holder, freeInMs }: FailedAttempt,
): Error {
  const facts = { resources, waitedMs, votes };
  return outcome === 'busy'
    ? new LockBusyError({ ...facts, holder: holderOf(holder), neverExpires: freeInMs === Infinity })
    : new LockUnavailableError(facts);
}

/** The time was over behind another caller of this process. */
export function busyInLine(
  { resources, waitedMs }: Caller,
  { inTheWay }: { readonly inTheWay: { readonly ownerToken?: string } | undefined },
): LockBusyError {
  return new LockBusyError({ resources, waitedMs, holder: holderOf(inTheWay?.ownerToken) });
}

/** Refuses the caller if as many wait in line already as its `maxWaiting` permits. */
export function refuseCrowd(
  line: WaitingLine<unknown>,
  caller: Caller & { readonly options: { readonly maxWaiting: number } },
): void {
  const { resources, options } = caller;
  if (line.isLongerThan(options.maxWaiting, resources))
    throw busyInLine(caller, { inTheWay: line.firstOf(resources) });
}

/** A node tells of no token, `''`, where what is in the way is no lock. */
function holderOf(ownerToken: string | undefined): LockHolder | undefined {
  return ownerToken === undefined || ownerToken === '' ? undefined : describeOwner(ownerToken);
}
