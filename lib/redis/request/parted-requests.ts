import type { AcquireRequest, AcquireVote } from '../../ports/lock-node.interface';
import {
  ForwardingVoter,
  type RequestOf,
  type Verb,
  type Vote,
  type VoteOf,
  type Voter,
} from '../../ports/verbs';
import { ASKS } from '../script/batch-codes';
import {
  askInParts,
  mergeAcquireVotes,
  mergeExtendVotes,
  mergeLeaveVotes,
  mergeRaiseFenceVotes,
  mergeReleaseVotes,
} from './ask-in-parts';
import type { BatchEntry, SetEntry } from './batch-entry';

/** The verbs for keys that one server can take together. */
export type KeyedVoter = {
  [V in Verb]: (keys: readonly string[], request: RequestOf<V>, vote: Vote<V>) => void;
};

export interface PartsSetup {
  readonly keyPrefix: string;
  /** Groups the keys of these resources, so that one server can take the keys of a group together. */
  partsOf(resources: readonly string[]): string[][];
  /** Releases a request of which some parts were granted and others denied. */
  cleanUp(request: AcquireRequest): void;
}

/** Requests that are sent by themselves: as one command, or as several if their keys are in several slots. */
export class PartedRequests extends ForwardingVoter {
  constructor(
    private readonly requests: KeyedVoter,
    private readonly setup: PartsSetup,
  ) {
    super();
  }

  /** Asks once more for a request that failed in a batch, by itself. */
  ask({ letter, request, vote }: BatchEntry | SetEntry): void {
    (this as Voter)[VERB_OF[letter]](request as never, vote as never);
  }

  override acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    const parts = this.setup.partsOf(request.resources);
    askInParts<AcquireVote>(
      parts,
      (keys, voteOfPart) => {
        this.requests.acquire(keys, request, voteOfPart);
      },
      (votes) => {
        const areNumbered = parts.map((keys) => this.isNumbered(keys, request));
        const merged = mergeAcquireVotes(votes, areNumbered);
        // "Denied" promises that nothing was changed. So the parts that were granted are released, and the caller
        // gets its place in the line back.
        const isPartlyGranted = merged.kind === 'denied' && votes.some(({ kind }) => kind === 'granted');
        if (isPartlyGranted) this.setup.cleanUp(request);
        return merged;
      },
      vote,
    );
  }

  protected override forward<V extends Verb>(verb: V, request: RequestOf<V>, vote: Vote<V>): void {
    const requests: KeyedVoter = this.requests;
    const merge: (votes: readonly VoteOf<V>[]) => VoteOf<V> = MERGE[verb];
    const { resources, shared } = request;
    // Readers have no number to raise.
    const asked = verb === 'raiseFence' ? resources.filter((one) => !shared?.includes(one)) : resources;
    askInParts<VoteOf<V>>(
      this.setup.partsOf(asked),
      (keys, voteOfPart) => {
        requests[verb](keys, request, voteOfPart);
      },
      merge,
      vote,
    );
  }

  /** True if a part gets a fencing number. Readers get none. */
  private isNumbered(keys: readonly string[], { shared }: AcquireRequest): boolean {
    const from = this.setup.keyPrefix.length;
    return shared === undefined || keys.some((key) => !shared.includes(key.slice(from)));
  }
}

const MERGE: { readonly [V in Verb]: (votes: readonly VoteOf<V>[]) => VoteOf<V> } = {
  acquire: mergeAcquireVotes,
  extend: mergeExtendVotes,
  raiseFence: mergeRaiseFenceVotes,
  release: mergeReleaseVotes,
  leave: mergeLeaveVotes,
};

/** The verb of each letter of a batch. */
const VERB_OF: { readonly [letter in (BatchEntry | SetEntry)['letter']]: Verb } = {
  [ASKS.acquire]: 'acquire',
  [ASKS.acquireNumbered]: 'acquire',
  sa: 'acquire',
  [ASKS.extend]: 'extend',
  [ASKS.takeOver]: 'extend',
  se: 'extend',
  [ASKS.release]: 'release',
  [ASKS.releaseAndTell]: 'release',
  [ASKS.releaseAndTellAll]: 'release',
  sr: 'release',
  sl: 'leave',
};
