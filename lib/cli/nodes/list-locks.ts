import { quorumOf } from '../../core/quorum';
import type { LockHolder } from '../../errors/lock-holder.interface';
import { describeOwner } from '../../locking/api/owner-token';
import type { NodeAnswer } from './find-locks';

/** A lock as all nodes together have it. */
export interface ListedLock {
  readonly resource: string;
  /**
   * - `held`: a quorum has the same owner
   * - `partial`: one owner, on fewer nodes: on its way in or out, or what was left of it
   * - `contested`: several owners, none of them on a quorum
   * - `unknown`: one owner, and with the nodes that did not answer it could be a quorum
   */
  readonly state: 'held' | 'partial' | 'contested' | 'unknown';
  /** The owner with most nodes; undefined when contested. */
  readonly holder?: LockHolder;
  /** For how long a quorum keeps it, or when partial or unknown, any node; Infinity without an expiry. */
  readonly ttlMs?: number;
  /** On how many nodes that owner is; when contested, any owner. */
  readonly nodeCount: number;
  readonly owners: readonly NodeOwner[];
}

export interface NodeOwner {
  readonly node: string;
  readonly ownerToken: string;
  readonly ttlMs: number;
}

/** Every resource that at least one node has, by name. */
export function listLocks(answers: readonly NodeAnswer[]): ListedLock[] {
  const owners = new Map<string, NodeOwner[]>();
  for (const { node, holds = new Map<string, never>() } of answers) {
    for (const [resource, hold] of holds) {
      const known = owners.get(resource) ?? [];
      known.push({ node, ...hold });
      owners.set(resource, known);
    }
  }
  const silent = answers.filter(({ error }) => error !== undefined).length;
  return [...owners]
    .map(([resource, known]) => judge(resource, known, answers.length, silent))
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
}

function judge(
  resource: string,
  owners: readonly NodeOwner[],
  nodeCount: number,
  silent: number,
): ListedLock {
  const quorum = quorumOf(nodeCount);
  const tokens = [...new Set(owners.map(({ ownerToken }) => ownerToken))];
  const [leading = [], second] = tokens
    .map((token) => owners.filter(({ ownerToken }) => ownerToken === token))
    .sort((a, b) => b.length - a.length);
  const ttls = leading.map(({ ttlMs }) => ttlMs).sort((a, b) => b - a);
  const holder = describeOwner(leading[0]?.ownerToken ?? '');
  const about = { resource, owners, nodeCount: leading.length };
  if (leading.length >= quorum) return { ...about, state: 'held', holder, ttlMs: ttls[quorum - 1] };
  if (second !== undefined) return { ...about, state: 'contested', nodeCount: owners.length };
  const state = leading.length + silent >= quorum ? 'unknown' : 'partial';
  return { ...about, state, holder, ttlMs: ttls[0] };
}
