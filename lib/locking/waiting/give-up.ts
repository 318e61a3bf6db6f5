import type { FailedAttempt } from '../../core/attempt';
import type { LockHolder } from '../../errors/lock-holder.interface';
import { type BusyFacts, LockBusyError } from '../../errors/lock-busy.error';
import { LockLimitError } from '../../errors/lock-limit.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import type { LockKind } from '../../ports/lock-kind';
import { describeOwner } from '../api/owner-token';

/** A caller that gave up. */
interface Caller {
  readonly resources: readonly string[];
  readonly waitedMs: number;
  readonly kind: LockKind | undefined;
}

/** The error of a caller whose time was over after an attempt that failed. */
export function gaveUp(
  { resources, waitedMs, kind }: Caller,
  { outcome, votes, holder, freeInMs, by }: FailedAttempt,
): Error {
  const facts = { resources, waitedMs, votes };
  if (outcome !== 'busy') return new LockUnavailableError(facts);
  const neverExpires = freeInMs === Infinity;
  return busyError({ ...facts, holder: holderOf(holder), neverExpires, reason: by }, kind);
}

/** The error for missing permits, or for something else that is in the way of permits. */
function busyError(facts: BusyFacts, kind: LockKind | undefined): LockBusyError {
  const isForPermits = kind?.mode === 'limited' && (facts.reason === 'limit' || facts.reason === 'line');
  return isForPermits ? new LockLimitError({ ...facts, ...kind }) : new LockBusyError(facts);
}

/** The error of a caller whose time was over behind another caller of this process. */
export function busyInLine(
  { resources, waitedMs, kind }: Caller,
  { inTheWay }: { readonly inTheWay: { readonly ownerToken?: string } | undefined },
): LockBusyError {
  const holder = holderOf(inTheWay?.ownerToken);
  // A caller that waits for permits is first only until it has an answer, and not while it holds them.
  const reason = kind !== undefined && holder === undefined ? 'line' : 'held';
  return busyError({ resources, waitedMs, holder, reason }, kind);
}

/** The holder of an owner token. A node tells the token `''` if what is in the way is no lock. */
function holderOf(ownerToken: string | undefined): LockHolder | undefined {
  return ownerToken === undefined || ownerToken === '' ? undefined : describeOwner(ownerToken);
}
