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

/** Reads the reply of `SET … NX`. Only the exact word of success is a grant. */
export function setVoteFrom(reply: unknown): AcquireVote {
  if (reply === 'OK') return GRANTED;
  return reply === null ? DENIED : unexpectedReply();
}

/**
 * Reads the reply of the acquire script: the node's time, the result, and the number of a grant or what is in the
 * way.
 */
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
  // The value that keeps a free resource for the line names no holder.
  return { kind: 'denied', holderTtlMs, ...(detail === '' || detail === TURN ? {} : { holder: detail }) };
}

/** The server's time in microseconds; 0 if the user has no right to it. */
export function timeFrom(text: unknown): number | undefined {
  return text === '0' ? 0 : microsFrom(text);
}

/**
 * Reads a number of microseconds. Servers write it as text, since not all such numbers fit into the integers of a
 * reply.
 */
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

/** Reads the reply of `GET` to the question if the lock is still there. */
export function lookVoteFrom(reply: unknown, ownerToken: string): ExtendVote {
  if (reply === ownerToken) return GRANTED;
  return reply === null || typeof reply === 'string' ? { kind: 'denied', healed: false } : unexpectedReply();
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

/** The vote for a reply of another form. What answered is no Redis that we know, and nobody can say what it did. */
export function unexpectedReply(): FailedVote {
  return {
    kind: 'failed',
    error: new RedisNodeError('the server gave a reply that is not understood', 'UNEXPECTED_REPLY'),
  };
}
