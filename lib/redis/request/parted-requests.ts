import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  LeaveRequest,
  LeaveVote,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseRequest,
  ReleaseVote,
} from '../../ports/lock-node.interface';
import {
  askInParts,
  mergeAcquireVotes,
  mergeExtendVotes,
  mergeLeaveVotes,
  mergeRaiseFenceVotes,
  mergeReleaseVotes,
} from './ask-in-parts';
import { type BatchEntry, isAcquire, isRelease, type SetEntry } from './command-batch';
import type { RedisRequests } from './redis-requests';

export interface PartsSetup {
  readonly keyPrefix: string;
  /** Groups the keys of these resources, so that one server can take the keys of a group together. */
  partsOf(resources: readonly string[]): string[][];
  /** Called when some parts of a request were granted and others denied. */
  giveBack(request: AcquireRequest): void;
}

/** Requests that are sent by themselves: as one command, or as several if their keys are in several slots. */
export class PartedRequests {
  constructor(
    private readonly requests: RedisRequests,
    private readonly setup: PartsSetup,
  ) {}

  /** Asks once more for a request that failed in a batch, by itself. */
  ask(entry: BatchEntry | SetEntry): void {
    if (entry.letter === 'sa') this.acquire(entry.request, entry.vote);
    else if (entry.letter === 'se') this.extend(entry.request, entry.vote);
    else if (entry.letter === 'sr') this.release(entry.request, entry.vote);
    else if (entry.letter === 'sl') this.leave(entry.request, entry.vote);
    else if (isRelease(entry)) this.release(entry.request, entry.vote);
    else if (isAcquire(entry)) this.acquire(entry.request, entry.vote);
    else this.extend(entry.request, entry.vote);
  }

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
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
        if (isPartlyGranted) this.setup.giveBack(request);
        return merged;
      },
      vote,
    );
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    askInParts<ExtendVote>(
      this.setup.partsOf(request.resources),
      (keys, voteOfPart) => {
        this.requests.extend(keys, request, voteOfPart);
      },
      mergeExtendVotes,
      vote,
    );
  }

  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void {
    const numbered = request.resources.filter((resource) => !request.shared?.includes(resource));
    askInParts<RaiseFenceVote>(
      this.setup.partsOf(numbered),
      (keys, voteOfPart) => {
        this.requests.raiseFence(keys, request, voteOfPart);
      },
      mergeRaiseFenceVotes,
      vote,
    );
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    askInParts<ReleaseVote>(
      this.setup.partsOf(request.resources),
      (keys, voteOfPart) => {
        this.requests.release(keys, request, voteOfPart);
      },
      mergeReleaseVotes,
      vote,
    );
  }

  leave(request: LeaveRequest, vote: (vote: LeaveVote) => void): void {
    askInParts<LeaveVote>(
      this.setup.partsOf(request.resources),
      (keys, voteOfPart) => {
        this.requests.leave(keys, request, voteOfPart);
      },
      mergeLeaveVotes,
      vote,
    );
  }

  /** True if a part gets a fencing number. Readers get none. */
  private isNumbered(keys: readonly string[], { shared }: AcquireRequest): boolean {
    const from = this.setup.keyPrefix.length;
    return shared === undefined || keys.some((key) => !shared.includes(key.slice(from)));
  }
}
