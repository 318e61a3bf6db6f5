import { AttemptJudge } from '../../lib/core/attempt-judge';
import { tokenOf } from '../../lib/core/fencing';
import { LeaderTime } from '../../lib/core/leader-time';
import { setValidity, type Lease, type LeaseSharing } from '../../lib/core/lease';
import { PlaceInLines } from '../../lib/core/line';
import { PermitCall } from '../../lib/core/permit-call';
import { SharingAttempts, type SharingOptions } from '../../lib/core/sharing-attempts';
import type { Tally } from '../../lib/core/quorum';
import { validityFrom } from '../../lib/core/validity';
import { readInstant } from '../../lib/ports/times';
import type { RedlockSettings } from '../../lib/core/redlock-settings.interface';
import { ReaderGroup } from '../../lib/locking/holding/reader-group';
import { LockManager } from '../../lib/locking/lock-manager';
import { Line, type Stand } from '../../lib/locking/waiting/place-in-line';
import { WaitingLine } from '../../lib/locking/waiting/waiting-line';
import { MemoryLine } from '../../lib/memory/memory-line';
import { NodeGuard } from '../../lib/core/node-guard';
import type {
  AcquireRequest,
  AcquireVote,
  LineEntry,
  LockNode,
  ServerFacts,
} from '../../lib/ports/lock-node.interface';
import { PartedRequests, type PartsSetup } from '../../lib/redis/request/parted-requests';
import type { RoundResult } from '../../lib/core/round';
import type { Mutation } from './mutations';
import { patch, patchGetter } from './patch';

/** Private parts, as the mutations see them. */
interface Trial {
  readonly lease: Lease;
  readonly sharing: LeaseSharing;
  readonly request: AcquireRequest;
}
type Round = RoundResult<AcquireVote>;
interface AttemptsInside {
  settings: RedlockSettings;
  begin(resources: readonly string[], options: SharingOptions, ...rest: unknown[]): void;
  conclude(trial: Trial, round: Round, wereNamed: boolean): void;
  finish(trial: Trial, round: Round, counted: Round, slots: readonly number[]): void;
}
interface PermitCallInside {
  best: number;
  isSettled(tally: Tally): boolean;
}
interface GuardInside {
  meet(node: LockNode, servers: readonly ServerFacts[]): void;
}
interface PlacesInside {
  readonly attempts: number;
  leave(): void;
  entryToPutBack(attempt: number): LineEntry | undefined;
}
interface LineInside {
  lines: { get(resource: string): Line<unknown> | Stand<unknown> | undefined };
}
interface MemoryLineInside {
  before(...given: unknown[]): { readonly limit: number | undefined }[];
}
interface GroupInside {
  openUntilMs: number;
  readers: Set<unknown>;
  isClosed: boolean;
  join(reader: unknown): void;
  leave(reader: unknown, settle: (release: unknown) => void): void;
}

const attempts = SharingAttempts.prototype as unknown as AttemptsInside;
const permitCall = PermitCall.prototype as unknown as PermitCallInside;
const group = ReaderGroup.prototype as unknown as GroupInside;
const guard = NodeGuard.prototype as unknown as GuardInside;
const places = PlaceInLines.prototype as unknown as PlacesInside;
const memoryLine = MemoryLine.prototype as unknown as MemoryLineInside;

export const LEADER_CHOOSES_PERMITS = {
  name: 'the leading node chooses first where several want a permit',
  rule: 'R28',
  kind: 'queued',
  isLiveness: true,
  apply: () =>
    patch(
      attempts,
      'begin',
      (begin) =>
        function (this: AttemptsInside, resources, options, ...rest) {
          const isLimited = options.kind?.mode === 'limited';
          begin.call(this, resources, isLimited ? { ...options, leaderFirst: false } : options, ...rest);
        },
    ),
} satisfies Mutation;

/** The rules of readers, of permits and of the line, switched off one by one. */
export const SHARING_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a reader is in the way of a writer',
    rule: 'R21',
    kind: 'shared',
    rules: {
      nodeAcquire: (node, request, vote) => {
        const { resources, shared = [], limit } = request;
        const alone = limit === undefined ? resources.filter((resource) => !shared.includes(resource)) : [];
        for (const resource of alone)
          for (const member of node.members.of(resource, node.nowMs)) node.members.remove(resource, member);
        node.acquire(request, vote);
      },
    },
  },
  {
    name: 'a reader takes its own membership away',
    rule: 'R23',
    kind: 'shared',
    rules: {
      nodeRelease: (node, request, vote) => {
        const { shared = [], ownerToken } = request;
        const isThere = shared.some((resource) =>
          node.members.of(resource, node.nowMs).some((member) => member.ownerToken === ownerToken),
        );
        if (isThere) for (const resource of shared) node.remove(resource);
        node.release(request, vote);
      },
    },
  },
  {
    name: 'readers and permits need a majority',
    rule: 'R22',
    kind: 'shared',
    apply: () =>
      patch(
        attempts,
        'finish',
        (finish) =>
          function (this: AttemptsInside, trial, round, counted, slots) {
            const kind = trial.sharing.kind;
            finish.call(this, trial, round, kind === undefined ? counted : withOneMore(counted), slots);
          },
      ),
  },
  {
    name: 'a reader comes only to a lease that is certain',
    rule: 'R24',
    kind: 'shared',
    isRare: true,
    apply: () => patchGetter(ReaderGroup.prototype, 'isOpen', () => true),
  },
  {
    name: 'the last reader gives the lease back',
    rule: 'R24',
    kind: 'shared',
    apply: () =>
      patch(
        group,
        'leave',
        (leave) =>
          function (this: GroupInside, reader, settle) {
            const { readers } = this;
            // The others go on, and believe in what is released.
            this.readers = new Set([reader]);
            leave.call(this, reader, settle);
            this.readers = readers;
            readers.delete(reader);
          },
      ),
  },
  {
    name: 'grants of different permits do not count together',
    rule: 'R25',
    kind: 'shared',
    apply: () => {
      const settled = patch(
        permitCall,
        'isSettled',
        (isSettled) =>
          function (this: PermitCallInside, tally) {
            this.best = tally.granted;
            return isSettled.call(this, tally);
          },
      );
      const concluded = patch(
        attempts,
        'conclude',
        (conclude) =>
          function (this: AttemptsInside, trial, round, wereNamed) {
            const first = round.votes.find((vote) => vote?.kind === 'granted');
            const slots = first?.kind === 'granted' ? first.slots : undefined;
            if (slots === undefined) conclude.call(this, trial, round, wereNamed);
            else this.finish(trial, round, round, slots);
          },
      );
      return () => {
        concluded();
        settled();
      };
    },
  },
  {
    name: 'validity of readers and permits is from before sending',
    rule: 'R22',
    kind: 'shared',
    apply: () =>
      patch(
        attempts,
        'finish',
        (finish) =>
          function (this: AttemptsInside, trial, round, counted, slots) {
            setValidity(trial.lease, validityFrom(readInstant(this.settings.clock), trial.lease.ttlMs));
            finish.call(this, trial, round, counted, slots);
          },
      ),
  },
  {
    name: 'a lock of which a part is read is granted whole or not at all',
    rule: 'R34',
    kind: 'shared',
    rules: {
      nodeAcquire: (node, request, vote) => {
        const { resources, shared = [] } = request;
        const alone = resources.filter((resource) => !shared.includes(resource));
        const isMixed = alone.length > 0 && shared.length > 0;
        // The readers' part is taken for granted, whatever comes of it.
        if (isMixed) node.acquire({ ...request, resources: shared, fence: undefined }, () => undefined);
        node.acquire(isMixed ? { ...request, resources: alone, shared: undefined } : request, vote);
      },
    },
  },
  {
    name: 'the limit counts the permits of all',
    rule: 'R27',
    kind: 'deployed',
    rules: {
      nodeAcquire: (node, request, vote) => {
        const { resources, limit } = request;
        const [resource = ''] = limit === undefined ? [] : resources;
        const above = node.members
          .of(resource, node.nowMs)
          .filter(({ slot = 0 }) => limit !== undefined && slot >= limit.limit);
        for (const member of above) node.members.remove(resource, member);
        node.acquire(request, vote);
        for (const member of above) node.members.put(resource, member);
      },
    },
  },
  {
    name: 'who waits with a smaller limit is not passed',
    rule: 'R27',
    kind: 'queued',
    isRare: true,
    isLiveness: true,
    apply: () =>
      patch(
        memoryLine,
        'before',
        (before) =>
          function (this: MemoryLineInside, ...given) {
            return before.apply(this, given).map((one) => ({ ...one, limit: undefined }));
          },
      ),
  },
  {
    name: 'a permit is handed on to one who has not begun',
    rule: 'hand-over',
    kind: 'queued',
    isRare: true,
    apply: () =>
      patch(
        WaitingLine.prototype,
        'nextIn',
        () =>
          function (this: WaitingLine<unknown>, resource: string) {
            const { lines } = this as unknown as LineInside;
            const there = lines.get(resource);
            const place = (there instanceof Line ? there.first : there)?.behind?.place;
            return place?.isForOneResource === true ? place : undefined;
          },
      ),
  },
  {
    name: 'restart guard: readers and permits',
    rule: 'R12',
    kind: 'shared',
    rules: { restartGuard: () => false },
  },
  {
    name: 'restart guard: each master of a cluster',
    rule: 'R12',
    kind: 'clustered',
    isRare: true,
    apply: () =>
      patch(
        guard,
        'meet',
        (meet) =>
          function (this: GuardInside, node, servers) {
            meet.call(this, node, servers.slice(0, 1));
          },
      ),
  },
  {
    name: 'readers and permits move with the time that they have left',
    rule: 'R20',
    kind: 'clustered',
    isRare: true,
    rules: { movedEndMs: (endMs) => endMs },
  },
  {
    name: 'a cluster releases what one of its masters granted and another denied',
    rule: 'R34',
    kind: 'clustered',
    isRare: true,
    apply: () =>
      patch(
        PartedRequests.prototype,
        'acquire',
        (acquire) =>
          function (this: PartedRequests, request, vote) {
            const { setup } = this as unknown as { setup: PartsSetup };
            const forgetful = Object.create(this, {
              setup: { value: { ...setup, cleanUp: () => undefined } },
            }) as PartedRequests;
            acquire.call(forgetful, request, vote);
          },
      ),
  },
  {
    name: 'fencing: the number of a permit is written back',
    rule: 'R35',
    kind: 'renumbered',
    isRare: true,
    apply: () =>
      patch(AttemptJudge.prototype, 'number', () => (lease, _, round) => {
        lease.fencingToken = tokenOf(round);
        return Promise.resolve(undefined);
      }),
  },
  {
    name: 'one owner is removed, and nobody else',
    rule: 'R23',
    kind: 'opened',
    apply: () =>
      patch(
        LockManager.prototype,
        'forceRelease',
        (forceRelease) =>
          function (this: LockManager, resource) {
            return forceRelease.call(this, resource);
          },
      ),
  },
  {
    name: 'the callers of a process come first, first served',
    rule: 'R15',
    apply: () =>
      patch(
        WaitingLine.prototype,
        'join',
        (join) =>
          function (this: WaitingLine<unknown>, _, waiter) {
            return join.call(this, [], waiter);
          },
      ),
  },
  {
    name: 'readers come to a lease for a while only',
    rule: 'R24',
    kind: 'queued',
    isRare: true,
    isLiveness: true,
    apply: () =>
      patch(
        group,
        'join',
        (join) =>
          function (this: GroupInside, reader) {
            this.openUntilMs = Infinity;
            join.call(this, reader);
          },
      ),
  },
  {
    name: 'nobody who stands in line is passed',
    rule: 'R29',
    kind: 'queued',
    isLiveness: true,
    apply: () => patch(MemoryLine.prototype, 'look', () => () => ({ ahead: 0, freeAtMs: undefined })),
  },
  {
    name: 'a ticket for the line is not earlier than its caller',
    rule: 'R29',
    kind: 'queued',
    isLiveness: true,
    apply: () =>
      patch(
        LeaderTime.prototype,
        'ifContended',
        (ifContended) =>
          function (this: LeaderTime, ...given) {
            return ifContended.apply(this, given) === undefined ? undefined : 1;
          },
      ),
  },
  {
    name: 'an attempt now and then keeps a place in line',
    rule: 'R29',
    kind: 'queued',
    isLiveness: true,
    apply: () =>
      both(
        patch(PlaceInLines.prototype, 'beatMs', () => () => Infinity),
        patch(PlaceInLines.prototype, 'isBeatDue', () => () => false),
      ),
  },
  {
    name: 'what becomes free is kept for those in line',
    rule: 'R31',
    kind: 'queued',
    isLiveness: true,
    rules: {
      nodeRelease: (node, request, vote) => {
        node.release(request.turnMs === undefined ? request : { ...request, turnMs: 0 }, vote);
      },
    },
  },
  {
    name: 'who is next in line is called',
    rule: 'R32',
    kind: 'queued',
    isLiveness: true,
    apply: () => patch(MemoryLine.prototype, 'next', () => () => []),
  },
  {
    name: 'who gives up leaves the line',
    rule: 'R30',
    kind: 'queued',
    isLiveness: true,
    apply: () => patch(places, 'leave', () => () => undefined),
  },
  {
    name: 'a place is put back only before the next attempt',
    rule: 'R30',
    kind: 'queued',
    isRare: true,
    isLiveness: true,
    apply: () =>
      patch(
        places,
        'entryToPutBack',
        (original) =>
          function (this: PlacesInside) {
            return original.call(this, this.attempts);
          },
      ),
  },
];

function both(...undo: (() => void)[]): () => void {
  return () => {
    for (const one of undo) one();
  };
}

function withOneMore(round: Round): Round {
  if (round.nodes === 1) return round;
  return { ...round, nodes: round.nodes, granted: round.granted + 1 };
}
