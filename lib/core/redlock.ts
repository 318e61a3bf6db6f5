import { type Attempt, type AttemptListener, type AttemptOptions, describeVotes } from './attempt';
import { AttemptJudge } from './attempt-judge';
import { FenceProposals } from './fence-proposals';
import { type HandoverRound, Handovers, type Successor } from './handover';
import {
  extendRequestOf,
  releaseRequestOf,
  type Lease,
  type LeftLease,
  type Extension,
  type Release,
  releaseOutcome,
  setValidity,
} from './lease';
import { LeadingNode } from './leading-node';
import type { ExtendVote, LockNode, ReleaseVote } from '../ports/lock-node.interface';
import { ExtendCall, ReleaseCall } from './lease-calls';
import { NewLease } from './new-lease';
import { type AttemptParts, PlainAttempts } from './plain-attempts';
import { isDeniedByQuorum, isWon, quorumOf } from './quorum';
import type { RedlockSettings } from './redlock-settings.interface';
import { holdRound, type RoundResult, startRound } from './round';
import { SharingAttempts } from './sharing-attempts';
import { readInstant } from '../ports/times';
import { earlierOf, remainingMs, type Validity, validityFrom } from './validity';

/**
 * The Redlock algorithm: one attempt, one extension, one release on N independent nodes.
 *
 * Waiting, keeping alive and the handle that users see are built around it in `locking/`.
 */
export class Redlock {
  /** Attempts for readers, permits and callers in line. */
  readonly sharing: SharingAttempts;

  private readonly plain: PlainAttempts;
  private readonly leader: LeadingNode;
  private readonly judge: AttemptJudge;
  private readonly handovers: Handovers;

  constructor(private readonly settings: RedlockSettings) {
    this.leader = new LeadingNode(settings);
    const proposals = new FenceProposals(settings.wall ?? settings.clock, settings.fencing);
    this.judge = new AttemptJudge(settings, proposals);
    const newLease = (resources: readonly string[], ttlMs: number, label?: string) =>
      this.newLease(resources, ttlMs, label);
    const parts: AttemptParts = { judge: this.judge, proposals, leader: this.leader, newLease };
    this.plain = new PlainAttempts(settings, parts);
    this.sharing = new SharingAttempts(settings, parts);
    this.handovers = new Handovers(this.judge, proposals, {
      newLease,
      extend: (lease, ttlMs) => this.extend(lease, ttlMs),
    });
  }

  /** The node that is asked first. A waiter has to hear of its release. */
  get leadingNode(): LockNode | undefined {
    return this.leader.current;
  }

  /**
   * Makes one attempt. It either holds a quorum with time left, or cleans up whatever it got.
   *
   * @param listener is called before this method returns if in-process nodes decide the attempt at once
   */
  acquire(resources: readonly string[], options: AttemptOptions, listener: AttemptListener): void {
    this.plain.acquire(resources, options, listener);
  }

  /** Like `acquire`, but returns a promise. */
  acquireAsync(resources: readonly string[], options: AttemptOptions): Promise<Attempt> {
    return new Promise((resolve, reject) => {
      this.acquire(resources, options, { onAttempt: resolve, onFault: reject });
    });
  }

  /** Ends `old` and begins the lease of the next caller with the same resources in its place. */
  handOver(old: Lease, successor: Successor): HandoverRound {
    return this.handovers.begin(old, successor);
  }

  /** Extends the lease to `ttlMs` from now, if it is valid and the nodes can confirm that before it ends (R8). */
  extend(lease: Lease, ttlMs: number, putsBack = true): Promise<Extension> {
    const { clock } = this.settings;
    if (lease.releaseBegan || remainingMs(clock, lease) === 0)
      return Promise.resolve({ outcome: 'expired', votes: [] });
    const extended = validityFrom(readInstant(clock), ttlMs);
    // If the new ttl is shorter, it counts from now on, even if the round fails: some nodes may apply it.
    setValidity(lease, earlierOf(lease, extended));
    lease.ttlMs = Math.max(lease.ttlMs, ttlMs);
    const request = extendRequestOf(lease, ttlMs, putsBack);
    const call = new ExtendCall(this.judge.callContextFor(lease), lease, request);
    return new Promise((resolve, reject) => {
      // The round is concluded before the next vote is heard, since a late vote needs to know the conclusion.
      const settle = (round: RoundResult<ExtendVote>) => {
        resolve(this.concludeExtension(lease, extended, round));
      };
      startRound(call, settle, reject);
    });
  }

  /**
   * Asks if a quorum still has the lease, and gives the lease no more time. A node only looks, or is asked to keep
   * the lease for less time than it does, and then changes nothing. That costs a node less than an extension.
   */
  confirm(lease: Lease): Promise<Extension> {
    const { clock, nodes } = this.settings;
    if (lease.releaseBegan || remainingMs(clock, lease) === 0)
      return Promise.resolve({ outcome: 'expired', votes: [] });
    const request = { ...extendRequestOf(lease, Math.floor(lease.ttlMs / 2), true), onlyLooks: true };
    const call = new ExtendCall(this.judge.callContextFor(lease), lease, request);
    return holdRound(call).then((round) => {
      if (isWon(round)) return { outcome: 'extended', votes: [] };
      return { outcome: isDeniedByQuorum(round) ? 'gone' : 'unknown', votes: describeVotes(nodes, round) };
    });
  }

  /** Leaves the lease on the nodes, for another process that goes on with it. Call it after the last extension. */
  leave(lease: Lease): void {
    lease.isLeft = true;
  }

  /**
   * Goes on with a lease of which only the owner token is known. It is ours if a quorum still has that token, and
   * stays so from now on. The extension puts the token back nowhere, so nobody else can have had a quorum in
   * between.
   */
  async resume(left: LeftLease, ttlMs: number): Promise<{ lease: Lease; outcome: Extension }> {
    const { resources, label, ownerToken, fencingToken, sharing } = left;
    const lease = this.newLease(resources, ttlMs, label, ownerToken);
    Object.assign(lease, { fencingToken, sharing, wasWon: true, askedAt: ALL });
    return { lease, outcome: await this.extend(lease, ttlMs, false) };
  }

  /**
   * Makes every node keep the lease, even a node that missed the grant. Without that, a lease which a release
   * keeps for a while may be on a bare majority, and is lost when one of these nodes forgets it. Call it before
   * that release; each node applies the two in this order.
   *
   * @returns true if all nodes have the lease. The promise stays pending if a node does not vote
   */
  async spread(lease: Lease, keepMs: number): Promise<boolean> {
    const votes = await askToKeep(this.settings.nodes, lease, keepMs, true);
    return votes.every((vote) => vote.kind === 'granted' || (vote.kind === 'denied' && vote.healed));
  }

  /**
   * Like `spread`, for the nodes that do not have the lease, at a later time. It acts only while a quorum still
   * has the lease: somebody may have removed it by force, and others may rely on that.
   */
  async spreadAgain(lease: Lease, keepMs: number): Promise<void> {
    const { nodes } = this.settings;
    const votes = await askToKeep(nodes, lease, keepMs, false);
    const missing = nodes.filter((_, position) => votes[position]?.kind !== 'granted');
    if (nodes.length - missing.length >= quorumOf(nodes.length))
      await askToKeep(missing, lease, keepMs, true);
  }

  /**
   * Removes the lease from all nodes, or lets it expire there after `keepMs`. Takes at most the node timeout
   * (R11).
   *
   * @param settle must not throw. It is called before this method returns if in-process nodes decide at once
   */
  release(lease: Lease, keepMs: number, settle: (release: Release) => void): void {
    lease.releaseBegan = true;
    lease.keepUntilMs = keepMs > 0 ? Math.ceil(this.settings.clock.now() + keepMs) : 0;
    const call = new ReleaseCall(this.judge.callContext(), lease, releaseRequestOf(lease, keepMs, true));
    const { inherited } = lease;
    startRound<ReleaseVote>(
      call,
      (round) => {
        const outcome = releaseOutcome(round);
        // A quorum may not have had this lease, but it may have had the one before it. So `expired` would not be
        // certain.
        const isCertain = outcome !== 'expired' || inherited === undefined;
        const { waiting, mayBeMore } = call;
        settle({ outcome: isCertain ? outcome : 'unknown', waiting, mayBeMore });
      },
      ignore,
    );
    this.judge.cleanUpInherited(lease);
  }

  /** Like `release`, but returns a promise. */
  releaseAsync(lease: Lease, keepMs = 0): Promise<Release> {
    return new Promise((resolve) => {
      this.release(lease, keepMs, resolve);
    });
  }

  private concludeExtension(lease: Lease, extended: Validity, round: RoundResult<ExtendVote>): Extension {
    const { clock, nodes } = this.settings;
    const leftMs = remainingMs(clock, lease);
    if (isWon(round) && leftMs > 0) {
      setValidity(lease, extended);
      this.judge.confirmInherited(lease, round);
      return { outcome: 'extended', votes: [] };
    }
    const votes = describeVotes(nodes, round);
    if (isDeniedByQuorum(round)) return { outcome: 'gone', votes };
    return { outcome: leftMs === 0 ? 'expired' : 'unknown', votes };
  }

  private newLease(
    resources: readonly string[],
    ttlMs: number,
    label?: string,
    // An owner token is never reused: a late grant or release of an earlier attempt must not touch this one (R2).
    ownerToken = this.settings.newOwnerToken(label),
  ): Lease {
    // The clock is read before the first request leaves: a node's timer may start at any moment after that (R3).
    const validity = validityFrom(readInstant(this.settings.clock), ttlMs);
    return new NewLease(resources, ownerToken, label, ttlMs, validity);
  }
}

function ignore(): void {
  // The listener threw, which does not change the answers of the nodes.
}

/** Asks all nodes to keep the lease. The promise stays pending if a node does not vote. */
function askToKeep(
  nodes: readonly LockNode[],
  lease: Lease,
  keepMs: number,
  putsBack: boolean,
): Promise<ExtendVote[]> {
  const request = extendRequestOf(lease, keepMs, putsBack);
  const ask = (node: LockNode) =>
    new Promise<ExtendVote>((resolve) => {
      node.extend(request, resolve);
    });
  return Promise.all(nodes.map(ask));
}

/** The bit of every possible node. */
const ALL = -1;
