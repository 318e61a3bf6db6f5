import type { Attempt } from '../../lib/core/attempt';
import type { Clock } from '../../lib/ports/clock.interface';
import { setValidity, type Lease, type LeftLease, type Extension } from '../../lib/core/lease';
import { type HandoverRound, Handovers, type Successor } from '../../lib/core/handover';
import { FenceProposals } from '../../lib/core/fence-proposals';
import { tokenOf } from '../../lib/core/fencing';
import type { AcquireVote, FenceRequest, LockNode } from '../../lib/ports/lock-node.interface';
import { LeadingNode } from '../../lib/core/leading-node';
import { type Guarded, NodeGuard } from '../../lib/core/node-guard';
import { AcquireCall } from '../../lib/core/acquire-call';
import { ReleaseCall } from '../../lib/core/lease-calls';
import { AttemptJudge } from '../../lib/core/attempt-judge';
import { Redlock } from '../../lib/core/redlock';
import type { RedlockSettings } from '../../lib/core/redlock-settings.interface';
import type { Tally } from '../../lib/core/quorum';
import type { RoundResult } from '../../lib/core/round';
import { SteadyClock } from '../../lib/system/system-clock';
import { driftMs, remainingMs, validityFrom } from '../../lib/core/validity';
import { readInstant } from '../../lib/ports/times';
import { asItIs } from '../../lib/locking/holding/change-hands';
import type { Settle } from '../../lib/locking/holding/former-holders';
import { Holdback } from '../../lib/locking/holding/holdback';
import { HeldLock } from '../../lib/locking/holding/held-lock';
import { HandoverBudget } from '../../lib/locking/waiting/handover-budget';
import { RetryPolicy } from '../../lib/locking/waiting/retry-policy';
import { ReleaseListener } from '../../lib/locking/waiting/release-listener';
import { Renewal } from '../../lib/locking/holding/renewal';
import { MemoryCounters } from '../../lib/memory/memory-counters';
import { ClockWatch } from '../../lib/redis/server/clock-watch';
import { forget, patch, patchGetter } from './patch';
import type { PlanKind } from './plan';
import type { Rules } from './rules';
import { LEADER_CHOOSES_PERMITS, SHARING_MUTATIONS } from './sharing-mutations';

/** A rule of the library that is switched off, from outside and in this process only. */
export interface Mutation {
  readonly name: string;
  readonly rule: string;
  /** What goes wrong then costs time, but no safety. */
  readonly isLiveness?: boolean;
  /** It takes thousands of histories to meet. */
  readonly isRare?: boolean;
  /** Histories of this kind show it; any, when missing. */
  readonly kind?: PlanKind;
  readonly rules?: Partial<Rules>;
  /** Changes the real classes; the returned function changes them back. */
  readonly apply?: () => () => void;
}

/** Private parts, as the mutations see them. */
interface RedlockInside {
  settings: RedlockSettings;
  newLease(resources: readonly string[], ttlMs: number): Lease;
  extend(lease: Lease, ttlMs: number): Promise<Extension>;
  leave(lease: Lease): void;
  resume(left: LeftLease, ttlMs: number): Promise<{ lease: Lease; outcome: Extension }>;
}
interface JudgeInside {
  settings: RedlockSettings;
  concludeFenced(
    lease: Lease,
    fence: FenceRequest,
    round: RoundResult<AcquireVote>,
    askAgain?: () => Promise<Attempt> | undefined,
    endsAHold?: boolean,
  ): Promise<Attempt>;
  conclude(lease: Lease, round: RoundResult<AcquireVote>, endsAHold?: boolean): Attempt;
  countable(round: RoundResult<AcquireVote>): RoundResult<AcquireVote>;
  cleanUp(lease: Lease, isSpared: (position: number) => boolean): void;
  callContext(lease?: Lease): { timeoutMs: number };
}
interface LockInside {
  lease: Lease;
  extendAtMs: number | undefined;
  renewing(): RenewalInside;
  isOver(): boolean;
  extend(ttlMs: number): Promise<void>;
  wasGone(): void;
  nextDueMs(): number;
}
interface RenewalInside {
  lock: LockInside;
  setup: { redlock: Redlock };
  underWay: unknown;
  extend(ttlMs: number): Promise<Extension>;
  changeHands(settle: Settle, passOn: () => void): void;
  extendNow(ttlMs: number): Promise<Extension>;
  confirm(extension: Promise<Extension>): void;
}
interface HandOversInside {
  takeOver(old: Lease, successor: Successor): HandoverRound;
}

interface LeadingInside {
  readonly settings: { readonly refusals?: unknown };
}
interface GuardInside {
  judgeYouth(): Guarded | undefined;
  isDuplicate(node: LockNode): boolean;
}
interface QuestionInside {
  counted(vote: AcquireVote): AcquireVote;
}
interface CountersInside {
  find(resource: string): number;
  number(resources: readonly string[], fence: FenceRequest): number;
}

const guard = NodeGuard.prototype as unknown as GuardInside;
const call = AcquireCall.prototype as unknown as QuestionInside;
const counters = MemoryCounters.prototype as unknown as CountersInside;
const judge = AttemptJudge.prototype as unknown as JudgeInside;
const redlock = Redlock.prototype as unknown as RedlockInside;
const lock = HeldLock.prototype as unknown as LockInside;
const renewal = Renewal.prototype as unknown as RenewalInside;
const handOvers = Handovers.prototype as unknown as HandOversInside;

const PLAIN_MUTATIONS: readonly Mutation[] = [
  {
    name: 'fresh token per attempt',
    rule: 'R2',
    rules: {
      ownerTokens: (next) => {
        let token = next();
        return {
          next: () => token,
          won: () => {
            token = next();
          },
        };
      },
    },
  },
  {
    name: 'validity from before sending',
    rule: 'R3',
    apply: () =>
      patch(
        judge,
        'conclude',
        (conclude) =>
          function (this: JudgeInside, lease, round) {
            setValidity(lease, validityFrom(readInstant(this.settings.clock), lease.ttlMs));
            return conclude.call(this, lease, round);
          },
      ),
  },
  {
    name: 'drift allowance',
    rule: 'R3',
    kind: 'calm',
    isRare: true,
    apply: () =>
      patch(
        redlock,
        'newLease',
        (newLease) =>
          function (this: RedlockInside, resources, ttlMs) {
            const lease = newLease.call(this, resources, ttlMs);
            const { validUntilMs, validUntilWallMs } = lease;
            setValidity(lease, {
              validUntilMs: validUntilMs + driftMs(ttlMs),
              validUntilWallMs: validUntilWallMs + driftMs(ttlMs),
            });
            return lease;
          },
      ),
  },
  {
    name: 'clock read again after the votes',
    rule: 'R3',
    apply: () =>
      patch(
        judge,
        'conclude',
        (conclude) =>
          function (this: JudgeInside, lease, round) {
            const validity = { ...lease };
            setValidity(lease, { validUntilMs: Infinity, validUntilWallMs: Infinity });
            const attempt = conclude.call(this, lease, round);
            setValidity(lease, validity);
            return attempt;
          },
      ),
  },
  {
    name: 'quorum (one vote less)',
    rule: 'R1',
    apply: () =>
      both(
        patch(
          judge,
          'conclude',
          (conclude) =>
            function (this: JudgeInside, lease, round) {
              return conclude.call(this, lease, withOneMore(round));
            },
        ),
        patch(
          AcquireCall.prototype,
          'isSettled',
          (isSettled) =>
            function (this: AcquireCall, tally) {
              return isSettled.call(this, withOneMore(tally));
            },
        ),
      ),
  },
  {
    name: 'release on all nodes',
    rule: 'R6, R11',
    apply: () =>
      patch(
        ReleaseCall.prototype,
        'ask',
        (ask) =>
          function (this: ReleaseCall, node, vote, position) {
            if (position > 0 && position >= Math.ceil(this.nodes.length / 2)) vote({ kind: 'denied' });
            else ask.call(this, node, vote, position);
          },
      ),
  },
  {
    name: 'clean-up of a failed attempt',
    rule: 'R6',
    apply: () => patch(judge, 'cleanUp', () => () => undefined),
  },
  {
    name: 'late grants are released',
    rule: 'R6',
    kind: 'slow',
    isRare: true,
    apply: () => patch(AcquireCall.prototype, 'onLateVote', () => () => undefined),
  },
  {
    name: 'extension within validity',
    rule: 'R8',
    kind: 'slow',
    isRare: true,
    apply: () =>
      patch(
        redlock,
        'extend',
        (extend) =>
          function (this: RedlockInside, lease, ttlMs) {
            const { clock } = this.settings;
            if (remainingMs(clock, lease) === 0) setValidity(lease, validityFrom(readInstant(clock), ttlMs));
            return extend.call(this, lease, ttlMs);
          },
      ),
  },
  {
    name: 'a node that put it back does not vote',
    rule: 'R8',
    kind: 'forced',
    rules: { extendVote: (vote) => (vote.kind === 'denied' && vote.healed ? { kind: 'granted' } : vote) },
  },
  {
    name: 'compare on extend',
    rule: 'R8',
    kind: 'forced',
    rules: {
      nodeExtend: (node, request, vote) => {
        for (const resource of request.resources) node.takeOver(resource, request.ownerToken);
        node.extend(request, vote);
      },
    },
  },
  {
    name: 'nothing extends after release began',
    rule: 'R10',
    apply: () =>
      both(
        patch(
          redlock,
          'extend',
          (extend) =>
            function (this: RedlockInside, lease, ttlMs) {
              const began = lease.releaseBegan;
              lease.releaseBegan = false;
              const extension = extend.call(this, lease, ttlMs);
              lease.releaseBegan = began;
              return extension;
            },
        ),
        patch(
          renewal,
          'extendNow',
          (extendNow) =>
            function (this: RenewalInside, ttlMs) {
              return this.lock.isOver()
                ? this.setup.redlock.extend(this.lock.lease, ttlMs)
                : extendNow.call(this, ttlMs);
            },
        ),
        forget(renewal, 'underWay'),
        extendingHandles(),
      ),
  },
  {
    name: 'compare on release',
    rule: 'R11',
    rules: {
      nodeRelease: (node, request, vote) => {
        for (const resource of request.resources) node.takeOver(resource, request.ownerToken);
        node.release(request, vote);
      },
    },
  },
  {
    name: 'compare when replacing',
    rule: 'hand-over',
    kind: 'slow',
    isRare: true,
    rules: {
      nodeAcquire: (node, request, vote) => {
        if (request.replaces !== undefined)
          for (const resource of request.resources) node.takeOver(resource, request.replaces);
        node.acquire(request, vote);
      },
      nodeExtend: (node, request, vote) => {
        if (request.replaces !== undefined)
          for (const resource of request.resources) node.takeOver(resource, request.replaces);
        node.extend(request, vote);
      },
    },
  },
  {
    name: 'what was taken over lasts no longer before it is confirmed',
    rule: 'hand-over',
    kind: 'handed',
    isRare: true,
    apply: () =>
      patch(
        handOvers,
        'takeOver',
        (takeOver) =>
          function (this: unknown, old, successor) {
            setValidity(old, { validUntilMs: Infinity, validUntilWallMs: Infinity });
            return takeOver.call(this, old, successor);
          },
      ),
  },
  {
    name: 'what was taken over goes on only if it is confirmed',
    rule: 'hand-over',
    kind: 'handed',
    isRare: true,
    apply: () => patch(renewal, 'confirm', () => () => undefined),
  },
  {
    name: 'what was gone before it was over is told',
    rule: 'hand-over',
    kind: 'handed',
    isRare: true,
    apply: () => patch(lock, 'wasGone', () => () => undefined),
  },
  {
    name: 'what changes hands is certain for half of its ttl',
    rule: 'R37',
    kind: 'turns',
    apply: () => patch(asItIs, 'isCertain', () => () => true),
  },
  {
    name: 'what changes hands has no number',
    rule: 'R37',
    kind: 'turns',
    apply: () => patch(asItIs, 'hasNoNumber', () => () => true),
  },
  {
    name: 'a handle that was released extends nothing',
    rule: 'R38',
    kind: 'turns',
    apply: extendingHandles,
  },
  {
    name: 'who had what changed hands hears what the nodes say',
    rule: 'R39',
    kind: 'turns',
    apply: () =>
      patch(
        renewal,
        'changeHands',
        (changeHands) =>
          function (this: RenewalInside, settle, passOn) {
            changeHands.call(this, () => undefined, passOn);
            settle({ outcome: 'released' });
          },
      ),
  },
  {
    name: 'what changes hands is released where others wait',
    rule: 'R40',
    kind: 'turns',
    apply: () => patch(HandoverBudget.prototype, 'mayGoOnAsIs', () => () => true),
  },
  {
    name: 'a lock is resumed only where a majority still has it',
    rule: 'resume',
    kind: 'passed',
    apply: () =>
      patch(
        redlock,
        'resume',
        (resume) =>
          async function (this: RedlockInside, left, ttlMs) {
            const resumed = await resume.call(this, left, ttlMs);
            return { ...resumed, outcome: { outcome: 'extended', votes: [] } };
          },
      ),
  },
  {
    name: 'a lock that is resumed is put back nowhere',
    rule: 'resume',
    kind: 'passed',
    isRare: true,
    rules: {
      nodeExtend: (node, request, vote) => {
        node.extend({ ...request, putsBack: true }, vote);
      },
    },
  },
  {
    name: 'what was left and is released comes back nowhere',
    rule: 'resume',
    kind: 'left',
    isRare: true,
    apply: () =>
      patch(
        redlock,
        'leave',
        () =>
          function () {
            // What a node grants or puts back late stays there.
          },
      ),
  },
  {
    name: 'both clocks: the wall clock',
    rule: 'R4',
    kind: 'asleep',
    rules: { clock: (clock) => withClocks(clock, { wallNow: () => clock.now() }) },
  },
  {
    name: 'both clocks: a wall clock that was set back',
    rule: 'R4',
    kind: 'asleep',
    apply: () =>
      patch(
        SteadyClock.prototype,
        'wallNow',
        () =>
          function (this: SteadyClock) {
            return (this as unknown as { clock: Clock }).clock.wallNow();
          },
      ),
  },
  {
    name: 'both clocks: the monotonic clock',
    rule: 'R4',
    apply: () =>
      patch(
        redlock,
        'newLease',
        (newLease) =>
          function (this: RedlockInside, resources, ttlMs) {
            const lease = newLease.call(this, resources, ttlMs);
            setValidity(lease, { ...lease, validUntilMs: Infinity });
            return lease;
          },
      ),
  },
  {
    name: 'restart guard',
    rule: 'R12',
    kind: 'wiped',
    rules: { restartGuard: () => false },
  },
  {
    name: 'restart guard: young servers, when first seen',
    rule: 'R12',
    kind: 'wiped',
    isRare: true,
    apply: () => patch(guard, 'judgeYouth', () => () => undefined),
  },
  {
    name: 'restart guard: guarded nodes do not grant',
    rule: 'R12',
    kind: 'wiped',
    apply: () =>
      both(
        patchGetter(NodeGuard.prototype, 'isIdle', () => true),
        patch(NodeGuard.prototype, 'errorFor', () => () => undefined),
      ),
  },
  {
    name: 'grants of nodes that turn out to be guarded do not count',
    rule: 'R12',
    kind: 'jumping',
    apply: () => patch(judge, 'countable', () => (round) => round),
  },
  {
    name: 'clock watch',
    rule: 'R12',
    kind: 'jumping',
    apply: () => patch(ClockWatch.prototype, 'saw', () => () => undefined),
  },
  {
    name: 'clock watch: clocks that are too fast',
    rule: 'R12',
    kind: 'skewed',
    apply: () => patch(ClockWatch.prototype, 'saw', () => () => undefined),
  },
  {
    name: 'a server that is listed twice has one vote',
    rule: 'R12',
    kind: 'twice',
    apply: () => patch(guard, 'isDuplicate', () => () => false),
  },
  {
    name: 'fencing: a larger number than the last one',
    rule: 'R14',
    apply: () =>
      patch(
        counters,
        'number',
        (number) =>
          function (this: CountersInside, resources, fence) {
            const last = Math.max(0, ...resources.map((resource) => this.find(resource)));
            const value = number.call(this, resources, fence);
            return value === last + 1 ? last : value;
          },
      ),
  },
  {
    name: 'fencing: the token is written back',
    rule: 'R14',
    apply: () =>
      patch(
        judge,
        'concludeFenced',
        () =>
          function (this: JudgeInside, lease, _, round, __, endsAHold) {
            lease.fencingToken = tokenOf(round);
            return Promise.resolve(this.conclude(lease, round, endsAHold));
          },
      ),
  },
  {
    name: 'fencing: to a majority of all nodes, not only of those that granted',
    rule: 'R14',
    kind: 'numbered',
    isRare: true,
    apply: () =>
      patch(
        judge,
        'concludeFenced',
        (concludeFenced) =>
          function (this: JudgeInside, lease, fence, round, askAgain, endsAHold) {
            const token = tokenOf(round);
            const having = round.votes.filter((vote) => vote?.kind === 'granted' && vote.fence === token);
            if (having.length * 2 <= round.granted)
              return concludeFenced.call(this, lease, fence, round, askAgain, endsAHold);
            lease.fencingToken = token;
            return Promise.resolve(this.conclude(lease, round, endsAHold));
          },
      ),
  },
  {
    name: 'fencing: it is written only where the key is still ours',
    rule: 'R14',
    kind: 'numbered',
    isRare: true,
    rules: {
      nodeRaiseFence: (node, request, vote) => {
        node.raiseCounters(request);
        vote({ kind: 'granted' });
      },
    },
  },
  {
    name: 'fencing: a proposal is believed only if it is near the time of the node',
    rule: 'R14',
    apply: () =>
      patch(
        counters,
        'number',
        (number) =>
          function (this: CountersInside, resources, fence) {
            return number.call(this, resources, { ...fence, skewMicros: Infinity });
          },
      ),
  },
  {
    name: 'fencing: a number counts only if it is near the proposal',
    rule: 'R14',
    kind: 'astray',
    apply: () => patch(call, 'counted', () => (vote) => vote),
  },
  {
    name: 'fencing: a process whose clock is wrong goes by that of the nodes',
    rule: 'R14',
    kind: 'numbered',
    isLiveness: true,
    apply: () => patch(FenceProposals.prototype, 'corrected', () => () => undefined),
  },
  {
    name: 'isHeld reads the clocks',
    rule: 'R9',
    apply: () =>
      patchGetter(HeldLock.prototype, 'leftMs', function (this: unknown) {
        return (this as LockInside).isOver() ? 0 : 1;
      }),
  },
  {
    name: 'the signal has a timer',
    rule: 'R9',
    apply: () =>
      patch(
        lock,
        'nextDueMs',
        () =>
          function (this: LockInside) {
            return this.extendAtMs ?? Infinity;
          },
      ),
  },
  {
    name: 'withLock tells of a lost lock',
    rule: 'R9',
    apply: () => patchGetter(HeldLock.prototype, 'lossError', () => undefined),
  },
  {
    name: 'a lock is not released before what it is held for',
    rule: 'holdUntil',
    kind: 'committed',
    apply: () => patch(Holdback.prototype, 'delays', () => () => false),
  },
  {
    name: 'a node has a deadline',
    rule: 'R5',
    apply: () =>
      patch(
        judge,
        'callContext',
        (callContext) =>
          function (this: JudgeInside, lease) {
            return { ...callContext.call(this, lease), timeoutMs: Infinity };
          },
      ),
  },
  {
    name: 'a silent node is released what it was asked for',
    rule: 'R36',
    kind: 'slow',
    isRare: true,
    apply: () =>
      patch(
        ReleaseCall.prototype,
        'ask',
        (ask) =>
          function (this: ReleaseCall, node, vote, position) {
            if (this.silence?.skips(position) === true) vote({ kind: 'denied' });
            else ask.call(this, node, vote, position);
          },
      ),
  },
  {
    name: 'a release wakes the waiter',
    rule: 'R7',
    kind: 'calm',
    isRare: true,
    isLiveness: true,
    rules: {
      nodeRelease: (node, request, vote) => {
        node.release({ ...request, wakeWaiters: false }, vote);
      },
    },
  },
  {
    name: 'a timer covers for a wake-up that is missed',
    rule: 'R7',
    isLiveness: true,
    apply: () => patch(RetryPolicy.prototype, 'sleepMs', () => () => Infinity),
  },
  {
    name: 'a waiter stops listening',
    rule: 'R18',
    isLiveness: true,
    apply: () => patch(ReleaseListener.prototype, 'stop', () => () => undefined),
  },
];

/** All of them, in the order of docs/GUARANTEES.md. */
export const MUTATIONS: readonly Mutation[] = [...PLAIN_MUTATIONS, ...SHARING_MUTATIONS];

/** Without these rules no history of bounded length goes wrong, but attempts collide more often. So collisions are counted. */
export const WEIGHED_MUTATIONS: readonly (Mutation & { readonly kind: PlanKind })[] = [
  {
    name: 'the clean-up of a failed attempt wakes nobody',
    rule: 'R7',
    isLiveness: true,
    kind: 'calm',
    rules: {
      nodeRelease: (node, request, vote) => {
        node.release({ ...request, wakeWaiters: true }, vote);
      },
    },
  },
  {
    name: 'a node that refuses to grant does not lead',
    rule: 'R36',
    isLiveness: true,
    kind: 'full',
    apply: leadThoughTheyRefuse,
  },
  LEADER_CHOOSES_PERMITS,
];

function withOneMore<T extends Tally>(tally: T): T {
  return tally.nodes === 1 ? tally : (Object.create(tally, { granted: { value: tally.granted + 1 } }) as T);
}

function withClocks(clock: Clock, other: Partial<Clock>): Clock {
  return {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    schedule: (delayMs, callback, options) => clock.schedule(delayMs, callback, options),
    afterArrivedReplies: (callback) => {
      clock.afterArrivedReplies(callback);
    },
    inLaterTurn: (callback) => {
      clock.inLaterTurn(callback);
    },
    ...other,
  };
}

function both(...undo: (() => void)[]): () => void {
  return () => {
    for (const one of undo) one();
  };
}

/** Handles that were released extend what may keep the lease of another one by then. */
function extendingHandles(): () => void {
  return patch(
    lock,
    'extend',
    (extend) =>
      async function (this: LockInside, ttlMs) {
        if (this.isOver()) await this.renewing().extend(ttlMs);
        await extend.call(this, ttlMs);
      },
  );
}

/** Nodes lead although they refuse to grant. */
function leadThoughTheyRefuse(): () => void {
  const original = Object.create(null, Object.getOwnPropertyDescriptors(LeadingNode.prototype)) as object;
  return patchGetter(LeadingNode.prototype, 'current', function (this: unknown) {
    const leading = this as LeadingInside;
    return Reflect.get(original, 'current', {
      ...leading,
      settings: { ...leading.settings, refusals: undefined },
    });
  });
}
