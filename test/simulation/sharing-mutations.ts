import type { Lease, LeaseSharing } from '../../lib/core/lease';
import { PermitCall } from '../../lib/core/permit-call';
import { SharingAttempts } from '../../lib/core/sharing-attempts';
import type { Tally } from '../../lib/core/quorum';
import { readInstant, validityFrom } from '../../lib/core/validity';
import type { RedlockSettings } from '../../lib/core/redlock-settings.interface';
import { ReaderGroup } from '../../lib/locking/holding/reader-group';
import type { AcquireRequest, AcquireVote } from '../../lib/ports/lock-node.interface';
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
  conclude(trial: Trial, round: Round, wereNamed: boolean): void;
  finish(trial: Trial, round: Round, counted: Round, slots: readonly number[]): void;
}
interface PermitCallInside {
  best: number;
  isSettled(tally: Tally): boolean;
}
interface GroupInside {
  readers: Set<unknown>;
  isClosed: boolean;
  leave(reader: unknown, settle: (release: unknown) => void): void;
}

const attempts = SharingAttempts.prototype as unknown as AttemptsInside;
const permitCall = PermitCall.prototype as unknown as PermitCallInside;
const group = ReaderGroup.prototype as unknown as GroupInside;

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
            // The others go on, and believe in what is given back.
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
            trial.lease.validity = validityFrom(readInstant(this.settings.clock), trial.lease.ttlMs);
            finish.call(this, trial, round, counted, slots);
          },
      ),
  },
];

function withOneMore(round: Round): Round {
  if (round.nodes === 1) return round;
  return { ...round, nodes: round.nodes, granted: round.granted + 1 };
}
