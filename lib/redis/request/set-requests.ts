import type { FailedVote } from '../../ports/lock-node.interface';
import type { RequestOf, Vote, VoteOf } from '../../ports/verbs';
import { extendVoteFrom, raiseFenceVoteFrom, releaseVoteFrom, timeFrom } from './redis-votes';
import type { SetEntry } from './batch-entry';
import { SetBatches, type SetRequestsSetup } from './set-batches';
import { type SetCall, SetCalls } from './set-calls';
import { leaveVoteFrom, setAcquireVoteFrom } from './set-votes';

type Keys = readonly string[];

/** Sends requests for readers, permits and the line. A request that is alone in its tick is sent by itself. */
export class SetRequests {
  private readonly calls: SetCalls;
  private readonly batches: SetBatches;

  constructor(private readonly setup: SetRequestsSetup) {
    const { keyPrefix, counters } = setup.encoder;
    this.calls = new SetCalls(keyPrefix, (key) => counters.of(key));
    this.batches = new SetBatches(setup, this.calls);
  }

  sendMany(entries: readonly SetEntry[]): void {
    this.batches.send(entries);
  }

  acquire(keys: Keys, request: RequestOf<'acquire'>, vote: Vote<'acquire'>): void {
    const { connection, releasesUnderWay } = this.setup;
    const { ownerToken, replaces = '' } = request;
    releasesUnderWay.add(replaces);
    this.run<VoteOf<'acquire'>>(
      this.calls.acquire(keys, request),
      this.unlessReleased(ownerToken),
      (reply) => {
        if (Array.isArray(reply)) connection.sawTime(timeFrom(reply[0]) ?? 0);
        return setAcquireVoteFrom(reply, request);
      },
      (acquireVote) => {
        releasesUnderWay.remove(replaces);
        vote(acquireVote);
      },
      request,
    );
  }

  extend(keys: Keys, request: RequestOf<'extend'>, vote: Vote<'extend'>): void {
    const { releasesUnderWay } = this.setup;
    const { ownerToken, replaces = '' } = request;
    releasesUnderWay.add(replaces);
    this.run<VoteOf<'extend'>>(
      this.calls.extend(keys, request),
      this.unlessReleased(ownerToken),
      extendVoteFrom,
      (extendVote) => {
        releasesUnderWay.remove(replaces);
        vote(extendVote);
      },
      request,
    );
  }

  raiseFence(key: string, request: RequestOf<'raiseFence'>, vote: Vote<'raiseFence'>): void {
    this.run<VoteOf<'raiseFence'>>(
      this.calls.raiseFence(key, request),
      always,
      raiseFenceVoteFrom,
      vote,
      request,
    );
  }

  release(keys: Keys, request: RequestOf<'release'>, vote: Vote<'release'>): void {
    const { encoder, releasesUnderWay, ways } = this.setup;
    const { ownerToken, wakeWaiters } = request;
    releasesUnderWay.add(ownerToken);
    this.run<VoteOf<'release'>>(
      alone(this.calls.release(keys, request, this.telling(wakeWaiters), encoder.database), encoder.everyone),
      always,
      releaseVoteFrom,
      (releaseVote) => {
        releasesUnderWay.remove(ownerToken);
        if (releaseVote.kind === 'failed') ways.onFailedRelease(request);
        vote(releaseVote);
      },
      request,
    );
  }

  leave(keys: Keys, request: RequestOf<'leave'>, vote: Vote<'leave'>): void {
    const call = this.calls.leave(
      keys,
      request,
      this.telling(request.wakeWaiters),
      this.setup.encoder.database,
    );
    this.run<VoteOf<'leave'>>(alone(call, this.setup.encoder.everyone), always, leaveVoteFrom, vote, request);
  }

  private run<T>(
    { script, keys, args }: SetCall,
    maySendAgain: () => boolean,
    read: (reply: unknown) => T | FailedVote,
    done: (answer: T | FailedVote) => void,
    request: object,
  ): void {
    this.setup.scripts.run(script, keys, args, maySendAgain, read, done, request);
  }

  private telling(wakeWaiters: boolean): 0 | 1 | 2 {
    if (!wakeWaiters) return 0;
    return this.setup.connection.hasSlots ? 2 : 1;
  }

  private unlessReleased(ownerToken: string): () => boolean {
    return () => !this.setup.releasesUnderWay.has(ownerToken);
  }
}

/** The call as it is sent alone. In a batch, all calls share one argument with the channel of all waiters. */
function alone(call: SetCall, everyone: string): SetCall {
  return { ...call, args: [...call.args, everyone] };
}

function always(): boolean {
  return true;
}
