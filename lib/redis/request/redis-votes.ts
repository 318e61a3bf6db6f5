import { TURN } from '../../ports/lock-mode';
import type {
  AcquireVote,
  ExtendVote,
  FailedVote,
  RaiseFenceVote,
  ReleaseVote,
} from '../../ports/lock-node.interface';
import { RedisNodeError } from '../client/redis-node-error';

const GRANTED = { kind: 'granted' } as const;
const REPLACED = { kind: 'granted', replaced: true } as const;
const DENIED = { kind: 'denied' } as const;

/** The reply of `SET … NX`. Only the exact word of success is a grant. */
export function setVoteFrom(reply: unknown): AcquireVote {
  if (reply === 'OK') return GRANTED;
  return reply === null ? DENIED : unexpectedReply();
}

/** The reply of the acquire script: the node's time, what came of it, and the number of a grant, or who is in the way. */
export function acquireVoteFrom(reply: unknown): AcquireVote {
  const [time, outcome, detail, by] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if (timeFrom(time) === undefined) return unexpectedReply();
  if (outcome === 'OK' || outcome === 'REPLACED') {
    const grant = outcome === 'OK' ? GRANTED : REPLACED;
    if (detail === undefined) return grant;
    const fence = microsFrom(detail);
    return fence === undefined ? unexpectedReply() : { ...grant, fence };
  }
  const holderTtlMs = ttlFrom(outcome);
  if (holderTtlMs === undefined || typeof detail !== 'string') return unexpectedReply();
  if (by === 'shared') return { kind: 'denied', holderTtlMs, by, nodeMicros: Number(time) };
  // What is kept for those who wait is nobody's.
  return { kind: 'denied', holderTtlMs, ...(detail === '' || detail === TURN ? {} : { holder: detail }) };
}

/** The server's time in microseconds; 0 where it may not tell. */
export function timeFrom(text: unknown): number | undefined {
  return text === '0' ? 0 : microsFrom(text);
}

/** A number of microseconds, which servers write as text: not all of them fit into their integers for scripts. */
export function microsFrom(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^[1-9]\d{0,15}$/.test(text)) return undefined;
  const micros = Number(text);
  return Number.isSafeInteger(micros) ? micros : undefined;
}

export function raiseFenceVoteFrom(reply: unknown): RaiseFenceVote {
  if (reply === 1) return GRANTED;
  return reply === 0 ? DENIED : unexpectedReply();
}

export function extendVoteFrom(reply: unknown): ExtendVote {
  if (reply === 1) return GRANTED;
  return reply === 0 || reply === 2 ? { kind: 'denied', healed: reply === 2 } : unexpectedReply();
}

export function releaseVoteFrom(reply: unknown): ReleaseVote {
  if (reply === 1) return GRANTED;
  if (reply === 0) return DENIED;
  return Number.isSafeInteger(reply) && Number(reply) > 1
    ? { kind: 'granted', waiting: Number(reply) - 1 }
    : unexpectedReply();
}

export function ttlFrom(reply: unknown): number | undefined {
  if (reply === -1) return Infinity;
  return Number.isSafeInteger(reply) && Number(reply) >= 0 ? Number(reply) : undefined;
}

/** Whatever answered is not a Redis as we know it; nobody can say what it did. */
export function unexpectedReply(): FailedVote {
  return {
    kind: 'failed',
    error: new RedisNodeError('the server gave a reply of no known form', 'UNEXPECTED_REPLY'),
  };
}
