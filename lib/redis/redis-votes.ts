import type { AcquireVote, ExtendVote, FailedVote, NodeHold, ReleaseVote } from '../core/lock-node.interface';
import { RedisNodeError } from './redis-node-error';

const GRANTED = { kind: 'granted' } as const;
const REPLACED = { kind: 'granted', replaced: true } as const;
const DENIED = { kind: 'denied' } as const;

/** The reply of `SET … NX`, or of the acquire script. Only the exact words of success are a grant. */
export function acquireVoteFrom(reply: unknown): AcquireVote {
  if (reply === 'OK') return GRANTED;
  if (reply === 'REPLACED') return REPLACED;
  if (reply === null) return DENIED;
  const holderTtlMs = ttlFrom(reply);
  return holderTtlMs === undefined ? unexpectedReply() : { kind: 'denied', holderTtlMs };
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

export function holdFrom(reply: unknown): NodeHold | FailedVote | null {
  if (reply === null) return null;
  const [ownerToken, ttl] = Array.isArray(reply) ? (reply as unknown[]) : [];
  const ttlMs = ttlFrom(ttl);
  return typeof ownerToken === 'string' && ttlMs !== undefined ? { ownerToken, ttlMs } : unexpectedReply();
}

function ttlFrom(reply: unknown): number | undefined {
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
