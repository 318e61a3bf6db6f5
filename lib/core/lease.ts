import type { ExtendRequest, ReleaseRequest } from '../ports/lock-node.interface';
import type { PlaceInLines } from './line';
import { sharedIn, type LockKind } from './lock-kind';
import type { Validity } from './validity';

/** What a won attempt has on the nodes. Only {@link Redlock} changes it. */
export interface Lease {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** What its holder calls itself, for people. */
  readonly label: string | undefined;
  /** The largest ttl that a node may have been asked for. */
  ttlMs: number;
  validity: Validity;
  /** Larger than that of every earlier lease of these resources, if it was asked for (R14). */
  fencingToken: number | undefined;
  /** The lease that this one took over, as long as no quorum has confirmed that: nodes may still have its owner token. */
  inherited: Lease | undefined;
  /** Undefined: it is exclusive, and no line was looked at; as nearly all are. */
  sharing: LeaseSharing | undefined;
  /** The attempt had a quorum in time. */
  wasWon: boolean;
  /** From here on nothing extends the lease or puts it back (R10). */
  releaseBegan: boolean;
  /** The nodes that were asked for the owner token, a bit per position: no other can have it. */
  askedAt: number;
  /** The nodes that answered the release, a bit per position. */
  releaseAnsweredBy: number;
  /** Until then a release leaves the key on the nodes, on the monotonic clock. 0: a release removes it. */
  keepUntilMs: number;
}

/** What a lease has besides the owner token at its keys: readers, permits, a place in the lines. */
export interface LeaseSharing {
  /** Undefined: it is exclusive, and stands in line. */
  readonly kind: LockKind | undefined;
  /** The permits that it has, sorted; empty where it has none, or not yet. */
  slots: readonly number[];
  /** Some node may have given it other permits than those. */
  mayHaveStrays: boolean;
  /** So many nodes had not answered when it was won, and that is all that is uncertain about what it was given. */
  awaited: number;
  readonly places: PlaceInLines | undefined;
  /** How long a node keeps what becomes free for those in its line (R31). */
  readonly turnMs: number;
  /** How many stood in line behind it when it was won. */
  inLine: number;
}

/** What is known of a lease that somebody left to others. */
export type LeftLease = Pick<Lease, 'resources' | 'ownerToken' | 'label' | 'fencingToken' | 'sharing'>;

/** What keeps `lease` on a node for `ttlMs` from now. */
export function extendRequestOf(lease: Lease, ttlMs: number, putsBack: boolean): ExtendRequest {
  const { resources, ownerToken, inherited } = lease;
  const replaces = inherited?.ownerToken;
  const plain: ExtendRequest = putsBack
    ? { resources, ownerToken, ttlMs, replaces }
    : { resources, ownerToken, ttlMs, replaces, putsBack };
  return lease.sharing === undefined ? plain : { ...plain, ...heldAs(lease.sharing) };
}

/** What removes `lease` from a node, or lets it expire there in `keepMs` if that is more than 0. */
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

/** How the nodes know what is given back, and what it does to those in line. */
function goingOf(
  { wasWon }: Lease,
  { kind, slots, mayHaveStrays, places, turnMs }: LeaseSharing,
  isToldOf: boolean,
): Pick<ReleaseRequest, 'shared' | 'slots' | 'line' | 'turnMs'> {
  return {
    shared: sharedIn(kind),
    // Which permits an attempt got that came to nothing, nobody knows.
    slots: kind?.mode !== 'limited' ? undefined : wasWon && !mayHaveStrays ? slots : 'all',
    line: wasWon ? undefined : places?.entryToPutBack,
    turnMs: isToldOf ? turnMs : undefined,
  };
}

/** What tells a node how a lease is held: for requests that change nothing of that. */
export function heldAs({ kind, slots }: LeaseSharing): {
  readonly shared?: readonly string[];
  readonly slots?: readonly number[];
} {
  return kind?.mode === 'limited' ? { slots } : { shared: sharedIn(kind) };
}
