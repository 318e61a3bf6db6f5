import type { Clock } from '../../ports/clock.interface';
import type { Lease, Release } from '../../core/lease';
import type { LimitedKind, LockKind } from '../../ports/lock-kind';
import type { Redlock } from '../../core/redlock';
import { remainingMs } from '../../core/validity';
import type { WonLease } from '../waiting/handover-budget';
import { changeHands } from './change-hands';
import type { End, Ended, Won } from './ended.interface';
import type { Settle } from './former-holders';

interface Around {
  readonly clock: Clock;
  readonly redlock: Redlock;
}

/**
 * Gives the lease of a lock to the next caller of this process: as it is, or by a hand-over. If there is none,
 * releases it.
 *
 * @param settle receives the answer of the nodes, or that they did not answer in time
 */
export function releaseLock(lock: Ended, around: Around, settle: Settle): void {
  if (!lock.budget.isTimeToRead || !hasFollowers(lock)) releaseNow(lock, around, settle);
  else {
    around.clock.afterArrivedReplies(() => {
      releaseNow(lock, around, settle);
    });
  }
}

function releaseNow(lock: Ended, around: Around, settle: Settle): void {
  const { renewal } = lock;
  if (renewal?.mayChangeHands !== false && hasChangedHands(lock, around, settle)) return;
  if (renewal === undefined) {
    endLease(lock, lock.howItEnds, around, settle);
    return;
  }
  // An extension under way would put the key back (R10).
  renewal.whenDone(() => {
    if (!hasChangedHands(lock, around, settle))
      endLease(lock, lock.howItEnds, around, renewal.forAll(settle));
  });
}

function hasChangedHands(lock: Ended, { clock }: Around, settle: Settle): boolean {
  if (!hasFollowers(lock)) return false;
  const { keepMs, isLost } = lock.howItEnds;
  return keepMs <= 0 && !isLost && changeHands(lock, clock, settle);
}

function hasFollowers({ place }: Won): boolean {
  return place !== undefined && place.followers > 0;
}

/**
 * Gives a lease to the next caller of this process, if this process may go on. Else it releases the lease for
 * everybody.
 *
 * @param settle called when the nodes have answered, or had their time to. The holder must leave its place then
 */
export function endLease(
  lock: Won,
  { keepMs, isLost }: End,
  { clock, redlock }: { readonly clock: Clock; readonly redlock: Redlock },
  settle: (release: Release) => void,
): void {
  const { lease, place, budget } = lock;
  // If no quorum has confirmed the lease, nodes may still have the owner token of the one before it. Such a lease
  // cannot be handed over.
  const isWhole = !isLost && lease.inherited === undefined;
  const successor =
    isWhole && keepMs <= 0 && mayBeHandedOver(lease, place?.successor) ? successorOf(place) : undefined;
  if (successor !== undefined && budget.mayGoOn(clock.now())) {
    const { attempt, release } = redlock.handOver(lease, {
      ttlMs: successor.ttlMs,
      fencing: successor.fencing,
      label: successor.label,
      // At least half of the ttl is certain. So the next caller has about what it asked for, and its first
      // extension may fail without harm.
      atOnce: successor.autoExtend && remainingMs(clock, lease) >= successor.ttlMs / 2,
    });
    lock.leaveLine({ attempt, budget: budget.next(clock.now()) });
    void release.then(settle);
    return;
  }
  const permitSuccessor =
    isWhole && keepMs <= 0 && budget.mayGoOn(clock.now()) ? successorForPermits(lease, place) : undefined;
  if (permitSuccessor?.waiter !== undefined) {
    const { ttlMs, label, autoExtend } = permitSuccessor.waiter;
    const atOnce = autoExtend && remainingMs(clock, lease) >= ttlMs / 2;
    const { attempt, release } = redlock.handOver(lease, { ttlMs, fencing: false, label, atOnce });
    permitSuccessor.begin({ attempt, budget: budget.next(clock.now()) });
    void release.then(settle);
    return;
  }
  if (isWhole && keepMs > 0) void keepEverywhere(lease, keepMs, { clock, redlock });
  redlock.release(lease, keepMs, lease.sharing === undefined ? settle : besideLine(settle));
  // Nodes apply requests in order, so a caller with other resources need not wait for the answers. A caller with
  // the same resources has to wait, since it is the turn of other processes now.
  if (successor === undefined) lock.leaveLine();
}

/** After this time, callers that collided with this one have released the nodes that they got. */
const AGAIN_AFTER_MS = 1_000;

async function keepEverywhere(
  lease: Lease,
  keepMs: number,
  { clock, redlock }: { readonly clock: Clock; readonly redlock: Redlock },
): Promise<void> {
  const isEverywhere = await redlock.spread(lease, keepMs).catch(() => false);
  if (isEverywhere || keepMs <= AGAIN_AFTER_MS) return;
  const again = () => {
    redlock.spreadAgain(lease, keepMs - AGAIN_AFTER_MS).catch(ignore);
  };
  clock.schedule(AGAIN_AFTER_MS, again, { background: true });
}

function ignore(): void {
  // Nothing is done: to keep the lease on all nodes is more than a release promises.
}

/**
 * Tells if a lease may be handed over: from one exclusive holder to another, and only if nobody stands in line on
 * the nodes. A holder that was not in line does not know that, so it hands nothing over to a fair caller.
 */
function mayBeHandedOver({ sharing }: Lease, next: WonLease['place']['successor']): boolean {
  if (sharing === undefined) return next?.isFair !== true;
  return sharing.kind === undefined && sharing.inLine === 0;
}

/**
 * Finds the caller that gets exactly the same permits. It is not the first in line: that one has a place in the
 * lines of the nodes, and keeps it. It is the one after that, which has asked the nodes for nothing yet. The first
 * one must want the same permits too: a caller that wants more, or the whole resource, would wait for as long as
 * permits are handed over. With fencing there is no such caller, since the number has to come from the nodes.
 */
function successorForPermits({ sharing, resources, fencingToken }: Lease, place: Won['place']): Won['place'] {
  const kind = sharing?.kind;
  const [resource] = resources;
  if (kind?.mode !== 'limited' || place === undefined || resource === undefined) return undefined;
  if (fencingToken !== undefined) return undefined;
  const successor = place.nextIn(resource);
  const waiter = successor?.waiter;
  const front = place.frontOf(resource);
  if (!wantsPermits(waiter?.kind, kind) || !wantsPermits(front?.kind, kind)) return undefined;
  if (waiter === undefined || waiter.fencing || front?.isFair === true) return undefined;
  return waiter.isFair === true && sharing !== undefined && sharing.inLine > 0 ? undefined : successor;
}

/** Tells if a caller wants the same number of permits under the same limit. */
function wantsPermits(wanted: LockKind | undefined, { limit, permits }: LimitedKind): boolean {
  return wanted?.mode === 'limited' && wanted.limit === limit && wanted.permits === permits;
}

function successorOf(place: Won['place']): WonLease['place']['successor'] {
  const successor = place?.successor;
  return successor?.kind === undefined ? successor : undefined;
}

/**
 * The line on the nodes decides who comes next of those in it, and they are not counted. Others, who hear of each
 * release, may wait beside the line: the next caller that is not in line owes them their turns.
 */
function besideLine(settle: (release: Release) => void): (release: Release) => void {
  return ({ outcome, waiting = 0, mayBeMore }) => {
    settle(waiting > 0 ? { outcome, waiting, mayBeMore } : { outcome, mayBeMore });
  };
}
