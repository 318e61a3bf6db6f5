import type { Clock } from '../../ports/clock.interface';
import type { Lease } from '../../core/lease';
import type { LimitedKind, LockKind } from '../../core/lock-kind';
import type { Release } from '../../core/outcomes';
import type { Redlock } from '../../core/redlock';
import { remainingMs } from '../../core/validity';
import type { WonLease } from '../waiting/handover-budget';

/** How a lease ends. */
export interface End {
  /** How long the key stays on the nodes. 0 or less: the release removes it. */
  readonly keepMs: number;
  readonly isLost: boolean;
}

/**
 * Gives a lease to the next caller of this process, if this process may go on; else to whoever comes first.
 *
 * @param settle called when the nodes have answered, or had their time to; who has the place must leave it then
 */
export function endLease(
  { lease, place, budget }: WonLease,
  { keepMs, isLost }: End,
  { clock, redlock }: { readonly clock: Clock; readonly redlock: Redlock },
  settle: (release: Release) => void,
): void {
  // What no quorum has confirmed may be there under the token before it, which cannot be handed on.
  const isWhole = !isLost && lease.inherited === undefined;
  const successor = isWhole && keepMs <= 0 && mayBeHandedOver(lease) ? successorOf(place) : undefined;
  if (successor !== undefined && budget.mayGoOn(clock.now())) {
    const { attempt, release } = redlock.handOver(lease, {
      ttlMs: successor.ttlMs,
      fencing: successor.fencing,
      label: successor.label,
      // Its first extension may fail without harm, as any other; and it has about what it asked for from the start.
      atOnce: successor.autoExtend && remainingMs(clock, lease.validity) >= successor.ttlMs / 2,
    });
    place.leave({ attempt, budget: budget.next(clock.now()) });
    void release.then(settle);
    return;
  }
  const permitHeir =
    isWhole && keepMs <= 0 && budget.mayGoOn(clock.now()) ? heirOfPermits(lease, place) : undefined;
  if (permitHeir?.waiter !== undefined) {
    const { ttlMs, label, autoExtend } = permitHeir.waiter;
    const atOnce = autoExtend && remainingMs(clock, lease.validity) >= ttlMs / 2;
    const { attempt, release } = redlock.handOver(lease, { ttlMs, fencing: false, label, atOnce });
    permitHeir.begin({ attempt, budget: budget.next(clock.now()) });
    void release.then(settle);
    return;
  }
  if (isWhole && keepMs > 0) void keepEverywhere(lease, keepMs, { clock, redlock });
  redlock.release(lease, keepMs, lease.sharing === undefined ? settle : inLine(settle));
  // Nodes apply requests in order, so a caller with other resources need not wait for the answers; one with the same
  // has to, since it is the turn of other processes now.
  if (successor === undefined) place.leave();
}

/** Where somebody who asked at the same moment had a node, it has given it back by then. */
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
  // The node has what it has: this is more than a release promises.
}

/** From one exclusive holder to another, and past nobody who stands in line on the nodes. */
function mayBeHandedOver({ sharing }: Lease): boolean {
  return sharing === undefined || (sharing.kind === undefined && sharing.inLine === 0);
}

/**
 * Who gets the very permits of a lease: the first in line has a place in the lines of the nodes, and keeps it; the one after
 * it has asked for nothing yet. It passes nobody but who wants just the same: whoever wants more, or the resource alone, would
 * wait for as long as permits are handed on. Numbers come from the nodes, so with fencing nobody does.
 */
function heirOfPermits(
  { sharing, resources, fencingToken }: Lease,
  place: WonLease['place'],
): typeof place | undefined {
  const kind = sharing?.kind;
  const [resource] = resources;
  if (kind?.mode !== 'limited' || resource === undefined || fencingToken !== undefined) return undefined;
  const heir = place.nextIn(resource);
  const waiter = heir?.waiter;
  const front = place.frontOf(resource);
  if (!wantsPermits(waiter?.kind, kind) || !wantsPermits(front?.kind, kind)) return undefined;
  if (waiter === undefined || waiter.fencing || front?.isFair === true) return undefined;
  return waiter.isFair === true && sharing !== undefined && sharing.inLine > 0 ? undefined : heir;
}

/** So many of so many. */
function wantsPermits(wanted: LockKind | undefined, { limit, permits }: LimitedKind): boolean {
  return wanted?.mode === 'limited' && wanted.limit === limit && wanted.permits === permits;
}

function successorOf(place: WonLease['place']): WonLease['place']['successor'] {
  const { successor } = place;
  return successor?.kind === undefined ? successor : undefined;
}

/** The line on the nodes says who comes next: this process owes nobody its turn. */
function inLine(settle: (release: Release) => void): (release: Release) => void {
  return (release) => {
    settle({ outcome: release.outcome });
  };
}
