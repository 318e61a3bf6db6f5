import type {
  AcquireDenial,
  AcquireRequest,
  AcquireVote,
  ExtendVote,
  FailedVote,
  LeaveVote,
  PermitRequest,
  RaiseFenceVote,
  ReleaseVote,
} from '../ports/lock-node.interface';
import { errorFrom, waitingFrom } from './foreign-news';

/** All fields that a vote may have. */
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
    | 'waiting'
    | 'mayBeMore'
    | 'slots'
    | 'inLine'
    | 'by'
    | 'ahead'
    | 'nodeMicros'
    | 'freeInMs',
    unknown
  >
>;

/**
 * Reads a vote. `replaced` counts only if it is true. Any `isFenceUneven` but false or undefined means that the
 * counters differ. A grant of permits counts only if it has as many as were asked for.
 */
export function acquireVoteFrom(given: unknown, { limit }: Pick<AcquireRequest, 'limit'> = {}): AcquireVote {
  return read(given, (vote) => {
    const { kind } = vote;
    if (kind === 'denied') return denialFrom(vote);
    if (kind !== 'granted') return kind === 'failed' ? failedVoteFrom(vote.error) : UNUSABLE_VOTE;
    const { replaced, fence, isFenceUneven, inLine, nodeMicros } = vote;
    const slots = limit && slotsFrom(vote.slots, limit);
    if (limit !== undefined && slots === undefined) return UNUSABLE_VOTE;
    return {
      kind,
      ...(replaced === true ? { replaced } : {}),
      ...(typeof fence === 'number' ? { fence } : {}),
      ...(isFenceUneven === undefined || isFenceUneven === false ? {} : { isFenceUneven: true }),
      ...(slots === undefined ? {} : { slots }),
      ...(isCount(inLine) ? { inLine } : {}),
      ...(isTime(nodeMicros) ? { nodeMicros } : {}),
    };
  });
}

function denialFrom({ holderTtlMs, holder, by, ahead, nodeMicros, freeInMs }: Read): AcquireDenial {
  return {
    kind: 'denied',
    ...(typeof holderTtlMs === 'number' && holderTtlMs >= 0 ? { holderTtlMs } : {}),
    ...(typeof holder === 'string' ? { holder } : {}),
    ...(isReason(by) ? { by } : {}),
    ...(isCount(ahead) ? { ahead } : {}),
    ...(isTime(nodeMicros) ? { nodeMicros } : {}),
    ...(typeof freeInMs === 'number' && freeInMs >= 0 ? { freeInMs } : {}),
  };
}

/**
 * Copies the slots: as many as were asked for, each once and below the limit; exactly those that were named, if
 * some were.
 */
function slotsFrom(given: unknown, { limit, permits, exact }: PermitRequest): readonly number[] | undefined {
  if (!Array.isArray(given) || given.length !== permits) return undefined;
  const slots = Array.from({ length: permits }, (_, i): unknown => given[i]);
  const areFit = slots.every(
    (slot): slot is number => isCount(slot) && (exact?.includes(slot) ?? slot < limit),
  );
  return areFit && new Set(slots).size === permits ? slots : undefined;
}

/** Reads a vote. In case of doubt the key was put back, and has to be removed if the lock is released already. */
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
  return read(given, ({ kind, waiting, mayBeMore, error }) => {
    if (kind === 'granted') {
      const told = waitingFrom(waiting);
      return {
        kind,
        ...(told === undefined ? {} : { waiting: told }),
        ...(mayBeMore === true ? { mayBeMore } : {}),
      };
    }
    if (kind === 'denied') return { kind };
    return kind === 'failed' ? failedVoteFrom(error) : UNUSABLE_VOTE;
  });
}

export function leaveVoteFrom(given: unknown): LeaveVote {
  return read(given, ({ kind, error }) => {
    if (kind === 'granted' || kind === 'denied') return { kind };
    return kind === 'failed' ? failedVoteFrom(error) : UNUSABLE_VOTE;
  });
}

export function failedVoteFrom(error: unknown): FailedVote {
  return { kind: 'failed', error: errorFrom(error) };
}

/** Reads a vote with `copy`, which reads each property once. */
function read<V>(given: unknown, copy: (given: Read) => V): V | FailedVote {
  try {
    return copy(given as Read);
  } catch {
    return UNUSABLE_VOTE;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Microseconds since 1970. */
function isTime(value: unknown): value is number {
  return isCount(value) && value > 0;
}

function isReason(value: unknown): value is NonNullable<AcquireDenial['by']> {
  return (REASONS as readonly unknown[]).includes(value);
}

const REASONS = ['held', 'shared', 'limit', 'line'] satisfies AcquireDenial['by'][];

const UNUSABLE_VOTE: FailedVote = {
  kind: 'failed',
  error: new Error('the node gave a vote of no known kind'),
};
