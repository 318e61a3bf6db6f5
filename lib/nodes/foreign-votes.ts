import type {
  AcquireVote,
  ExtendVote,
  FailedVote,
  RaiseFenceVote,
  ReleaseVote,
} from '../ports/lock-node.interface';
import { errorFrom, waitingFrom } from './foreign-news';

/** Everything that any vote has. */
type Read = Partial<
  Record<
    | 'kind'
    | 'error'
    | 'replaced'
    | 'fence'
    | 'isFenceUneven'
    | 'holderTtlMs'
    | 'holder'
    | 'healed'
    | 'waiting',
    unknown
  >
>;

/** In case of doubt: it ended no other hold, and its counters differ. */
export function acquireVoteFrom(given: unknown): AcquireVote {
  return read(given, ({ kind, replaced, fence, isFenceUneven, holderTtlMs, holder, error }) => {
    if (kind === 'granted') {
      return {
        kind,
        ...(replaced === true ? { replaced } : {}),
        ...(typeof fence === 'number' ? { fence } : {}),
        ...(isFenceUneven === undefined || isFenceUneven === false ? {} : { isFenceUneven: true }),
      };
    }
    if (kind !== 'denied') return kind === 'failed' ? failedVoteFrom(error) : UNUSABLE_VOTE;
    return {
      kind,
      ...(typeof holderTtlMs === 'number' && holderTtlMs >= 0 ? { holderTtlMs } : {}),
      ...(typeof holder === 'string' ? { holder } : {}),
    };
  });
}

/** In case of doubt it was put back, and has to be taken away again should the lock be released already. */
export function extendVoteFrom(given: unknown): ExtendVote {
  return read(given, ({ kind, healed, error }) => {
    if (kind === 'granted') return { kind };
    if (kind === 'denied') return { kind, healed: healed !== undefined && healed !== false };
    return kind === 'failed' ? failedVoteFrom(error) : UNUSABLE_VOTE;
  });
}

export function raiseFenceVoteFrom(given: unknown): RaiseFenceVote {
  return read(given, ({ kind, error }) => {
    if (kind === 'granted' || kind === 'denied') return { kind };
    return kind === 'failed' ? failedVoteFrom(error) : UNUSABLE_VOTE;
  });
}

export function releaseVoteFrom(given: unknown): ReleaseVote {
  return read(given, ({ kind, waiting, error }) => {
    if (kind === 'granted') {
      const told = waitingFrom(waiting);
      return told === undefined ? { kind } : { kind, waiting: told };
    }
    if (kind === 'denied') return { kind };
    return kind === 'failed' ? failedVoteFrom(error) : UNUSABLE_VOTE;
  });
}

export function failedVoteFrom(error: unknown): FailedVote {
  return { kind: 'failed', error: errorFrom(error) };
}

/** `copy` reads each property once. */
function read<V>(given: unknown, copy: (given: Read) => V): V | FailedVote {
  try {
    return copy(given as Read);
  } catch {
    return UNUSABLE_VOTE;
  }
}

const UNUSABLE_VOTE: FailedVote = {
  kind: 'failed',
  error: new Error('the node gave a vote of no known kind'),
};
