import { TURN } from '../../ports/lock-mode';
import type { FailedVote, NodeHold, NodeMember } from '../../ports/lock-node.interface';
import type { ListedHold } from '../../ports/node-listing.interface';
import { ttlFrom, unexpectedReply } from './redis-votes';

/** Reads the reply of the inspect script. */
export function holdFrom(reply: unknown): NodeHold | FailedVote | null {
  if (reply === null) return null;
  const [ownerToken, ttl, waiting, members] = Array.isArray(reply) ? (reply as unknown[]) : [];
  const ttlMs = ttlFrom(ttl);
  if (typeof ownerToken !== 'string' || ttlMs === undefined || typeof waiting !== 'number')
    return unexpectedReply();
  const line = waiting > 0 ? { waiting } : {};
  if (typeof members === 'string') return foreign(members, ttlMs, line);
  if (members !== undefined) return membersHoldFrom(members, ttlMs, line);
  // A free resource that is kept for the line is no lock.
  if (ownerToken === TURN && ttlMs !== Infinity) return null;
  return isText(ownerToken) ? { ownerToken, ttlMs, ...line } : foreign('string', ttlMs, line);
}

/**
 * Tells if a value may be an owner token. No lock has an empty value, or bytes that are no text: a request to
 * remove such a lock could not name them.
 */
function isText(value: string): boolean {
  return value !== '' && !value.includes('\uFFFD');
}

type Line = Pick<NodeHold, 'waiting'>;

function foreign(foreignType: string, ttlMs: number, line: Line): NodeHold {
  return { ownerToken: '', ttlMs, foreignType, ...line };
}

/**
 * Reads the reply of the list script: what is at each of `resources`, and how many wait, if the script could count
 * them.
 */
export function listedHoldsFrom(reply: unknown, resources: readonly string[]): ListedHold[] | FailedVote {
  if (!Array.isArray(reply) || reply.length !== resources.length) return unexpectedReply();
  const holds: ListedHold[] = [];
  for (const [at, resource] of resources.entries()) {
    const [ownerToken, ttl, listening, members] = Array.isArray(reply[at]) ? (reply[at] as unknown[]) : [];
    const hold = reply[at] === null ? null : holdFrom([ownerToken, ttl, 0, members]);
    if (hold === null) continue;
    if ('kind' in hold) return hold;
    const isKnown = Number.isSafeInteger(listening) && Number(listening) >= 0;
    holds.push({ resource, ...hold, ...(isKnown ? { waiting: Number(listening) } : {}) });
  }
  return holds;
}

/** @param reply the members, with the millisecond at which each ends; `ttlMs` is the rest of the last of them */
function membersHoldFrom(reply: unknown, ttlMs: number, line: Line): NodeHold | FailedVote | null {
  if (!Array.isArray(reply) || reply.length < 2 || reply.length % 2 !== 0) return unexpectedReply();
  const lastEndsAtMs = Number(reply[reply.length - 1]);
  const members: NodeMember[] = [];
  for (let i = 0; i < reply.length; i += 2) {
    const [, slot, ownerToken] = /^(\d*)\|(.*)$/s.exec(String(reply[i])) ?? [];
    const leftMs = Number(reply[i + 1]) - lastEndsAtMs + ttlMs;
    // The script looks only at the first and the last members of a large set, so another program's member may be
    // among the others.
    if (ownerToken === undefined || !isText(ownerToken) || !Number.isFinite(leftMs))
      return foreign('zset', ttlMs, line);
    // A member that has ended is removed by the next request that writes.
    if (leftMs > 0)
      members.push({ ownerToken, ttlMs: leftMs, ...(slot === '' ? {} : { slot: Number(slot) }) });
  }
  const last = members.at(-1);
  if (last === undefined) return null;
  const { ownerToken } = last;
  return { ownerToken, ttlMs, members, ...line };
}
