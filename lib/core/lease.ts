import type { ExtendRequest, ReleaseRequest } from '../ports/lock-node.interface';
import type { PlaceInLines } from './line';
import { sharedIn, type LockKind } from '../ports/lock-kind';
import type { Validity } from './validity';
import type { NodeVote } from '../errors/node-vote.interface';
import { isDeniedByQuorum, isWon, type Tally } from './quorum';

/** What a won attempt has on the nodes. Only `core/` changes it. */
export interface Lease extends Validity {
  /** The names of all that it holds. A list of one name is made anew each time. */
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** The name that the holder gives itself, for people. */
  readonly label: string | undefined;
  /** The largest ttl that a node may have been asked for. */
  ttlMs: number;
  validUntilMs: number;
  validUntilWallMs: number;
  /**
   * The fencing token, if it was asked for. It is larger than that of every earlier lease of these resources
   * (R14).
   */
  fencingToken: number | undefined;
  /**
   * The lease that this one took over. It stays here until a quorum has confirmed that, since nodes may still have
   * its owner token.
   */
  inherited: Lease | undefined;
  /** Undefined, as for nearly all leases, if the lease is exclusive and no line was looked at. */
  sharing: LeaseSharing | undefined;
  /** True once the attempt had a quorum in time. */
  wasWon: boolean;
  /** True from the begin of the release. After that nothing extends the lease or puts it back (R10). */
  releaseBegan: boolean;
  /**
   * True once its holder has left it, and another process may go on with it. That process may also have released it.
   * Missing for nearly all leases.
   */
  isLeft?: true;
  /** The nodes that were asked for this owner token, one bit per position. Other nodes cannot have it. */
  askedAt: number;
  /** The nodes that answered the release, one bit per position. */
  releaseAnsweredBy: number;
  /**
   * The time on the monotonic clock until which a release leaves the key on the nodes. 0: a release removes the
   * key.
   */
  keepUntilMs: number;
}

/** Sets when the lease ends. */
export function setValidity(lease: Lease, { validUntilMs, validUntilWallMs }: Validity): void {
  lease.validUntilMs = validUntilMs;
  lease.validUntilWallMs = validUntilWallMs;
}

/** What a lease has besides the owner token: readers, permits, a place in the lines. */
export interface LeaseSharing {
  /** Undefined: the lease is exclusive, and its caller stands in line. */
  readonly kind: LockKind | undefined;
  /** The numbers of its permits, sorted. Empty if it has none, or none yet. */
  slots: readonly number[];
  /** True if some node may have given it other permits than `slots`. */
  mayHaveStrays: boolean;
  /** The number of nodes that had not answered when it was won, if nothing else is uncertain about its permits. */
  awaited: number;
  readonly places: PlaceInLines | undefined;
  /** The number that `places` gave the attempt. */
  readonly attempt: number;
  /** The time for which a node keeps a free resource for the callers in its line (R31). */
  readonly turnMs: number;
  /** The number of callers that stood in line behind it when it was won. */
  inLine: number;
}

/** The facts that are known of a lease that another caller left. */
export type LeftLease = Pick<Lease, 'resources' | 'ownerToken' | 'label' | 'fencingToken' | 'sharing'>;

/** The request that keeps `lease` on a node for `ttlMs` from now. */
export function extendRequestOf(lease: Lease, ttlMs: number, putsBack: boolean): ExtendRequest {
  const { resources, ownerToken, inherited } = lease;
  const replaces = inherited?.ownerToken;
  const plain: ExtendRequest = putsBack
    ? { resources, ownerToken, ttlMs, replaces }
    : { resources, ownerToken, ttlMs, replaces, putsBack };
  return lease.sharing === undefined ? plain : { ...plain, ...heldAs(lease.sharing) };
}

/** The request that removes `lease` from a node, or lets it expire there after `keepMs` if that is more than 0. */
export function releaseRequestOf(lease: Lease, keepMs: number, wakeWaiters: boolean): ReleaseRequest {
  const { resources, ownerToken, ttlMs } = lease;
  const request =
    keepMs > 0
      ? { resources, ownerToken, keepMs, wakeWaiters, ttlMs: Math.max(ttlMs, keepMs) }
      : { resources, ownerToken, wakeWaiters, ttlMs };
  return lease.sharing === undefined
    ? request
    : Object.assign(request, goingOf(lease, lease.sharing, wakeWaiters));
}

/** The fields of a release that say how the lease was held, and what happens to the callers in line. */
function goingOf(
  { wasWon }: Lease,
  { kind, slots, mayHaveStrays, places, attempt, turnMs }: LeaseSharing,
  isToldOf: boolean,
): Pick<ReleaseRequest, 'shared' | 'slots' | 'line' | 'turnMs'> {
  const line = wasWon ? undefined : places?.entryToPutBack(attempt);
  return {
    shared: sharedIn(kind),
    // An attempt that failed may have got any permits on a node, so all of them are released.
    slots: kind?.mode !== 'limited' ? undefined : wasWon && !mayHaveStrays ? slots : 'all',
    line,
    // A caller that gets its place back had used up what was kept for the line.
    turnMs: isToldOf || line !== undefined ? turnMs : undefined,
  };
}

/** The fields that tell a node how a lease is held, in requests that do not change that. */
export function heldAs({ kind, slots }: LeaseSharing): {
  readonly shared?: readonly string[];
  readonly slots?: readonly number[];
} {
  return kind?.mode === 'limited' ? { slots } : { shared: sharedIn(kind) };
}

/**
 * - `extended`: the lease is valid for the new ttl
 * - `gone`: a quorum says that it is not ours any more
 * - `expired`: the extension came too late
 * - `unknown`: too few nodes answered; the lease is valid for as long as before
 */
export interface Extension {
  readonly outcome: 'extended' | 'gone' | 'expired' | 'unknown';
  /** The votes of the nodes. Empty if the lease was extended. */
  readonly votes: readonly NodeVote[];
}

/**
 * `released`: a quorum removed it. `expired`: a quorum did not have it any more. `unknown`: too few nodes
 * answered.
 */
export interface Release {
  readonly outcome: 'released' | 'expired' | 'unknown';
  /** At least this many processes wait for the resource and were told. Undefined: nobody was told. */
  readonly waiting?: number;
  /** True if others may wait who were not counted. */
  readonly mayBeMore?: boolean;
}

/** The release of a lease that was taken over, as the first extension of the new lease tells it. */
export function releaseByTakingOver({ outcome }: Extension): Release {
  if (outcome === 'extended') return { outcome: 'released' };
  return { outcome: outcome === 'gone' ? 'expired' : 'unknown' };
}

export function releaseOutcome(removal: Tally): Release['outcome'] {
  if (isWon(removal)) return 'released';
  return isDeniedByQuorum(removal) ? 'expired' : 'unknown';
}
