import type { ReleaseRequest } from '../ports/lock-node.interface';
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
  /** The attempt had a quorum in time. */
  wasWon: boolean;
  /** From here on nothing extends the lease or puts it back (R10). */
  releaseBegan: boolean;
  /** The nodes that answered the release, a bit per position. */
  releaseAnsweredBy: number;
  /** Until then a release leaves the key on the nodes, on the monotonic clock. 0: a release removes it. */
  keepUntilMs: number;
}

/** What is known of a lease that somebody left to others. */
export type LeftLease = Pick<Lease, 'resources' | 'ownerToken' | 'label' | 'fencingToken'>;

/** What removes `lease` from a node, or lets it expire there in `keepMs` if that is more than 0. */
export function releaseRequestOf(lease: Lease, keepMs: number, wakeWaiters: boolean): ReleaseRequest {
  const { resources, ownerToken, ttlMs } = lease;
  return keepMs > 0
    ? { resources, ownerToken, keepMs, wakeWaiters, ttlMs: Math.max(ttlMs, keepMs) }
    : { resources, ownerToken, wakeWaiters, ttlMs };
}
