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
} from './lock-node.interface';

/** The verbs with which a lock node votes. Each has a request and a vote. */
export interface Verbs {
  acquire: { readonly request: AcquireRequest; readonly vote: AcquireVote };
  extend: { readonly request: ExtendRequest; readonly vote: ExtendVote };
  raiseFence: { readonly request: RaiseFenceRequest; readonly vote: RaiseFenceVote };
  release: { readonly request: ReleaseRequest; readonly vote: ReleaseVote };
  leave: { readonly request: LeaveRequest; readonly vote: LeaveVote };
}

export type Verb = keyof Verbs;
export type RequestOf<V extends Verb> = Verbs[V]['request'];
export type VoteOf<V extends Verb> = Verbs[V]['vote'];
export type Vote<V extends Verb> = (vote: VoteOf<V>) => void;

/** The voting half of a lock node that has all verbs. */
export type Voter = { [V in Verb]: (request: RequestOf<V>, vote: Vote<V>) => void };

/**
 * A voter that does the same for every verb, such as one that stands in front of another node: `forward` is the only
 * method that it has to write.
 */
export abstract class ForwardingVoter implements Voter {
  acquire(request: AcquireRequest, vote: Vote<'acquire'>): void {
    this.forward('acquire', request, vote);
  }

  extend(request: ExtendRequest, vote: Vote<'extend'>): void {
    this.forward('extend', request, vote);
  }

  raiseFence(request: RaiseFenceRequest, vote: Vote<'raiseFence'>): void {
    this.forward('raiseFence', request, vote);
  }

  release(request: ReleaseRequest, vote: Vote<'release'>): void {
    this.forward('release', request, vote);
  }

  leave(request: LeaveRequest, vote: Vote<'leave'>): void {
    this.forward('leave', request, vote);
  }

  protected abstract forward<V extends Verb>(verb: V, request: RequestOf<V>, vote: Vote<V>): void;
}
