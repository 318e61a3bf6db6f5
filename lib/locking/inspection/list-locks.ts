import { quorumOf } from '../../core/quorum';
import type { NodeMember } from '../../ports/lock-node.interface';
import type { ListedHold } from '../../ports/node-listing.interface';
import type { ListedHolder, ListedLock, NodeOwner } from '../api/lock-listing.interface';
import { describeOwner } from '../api/owner-token';

/** The locks that one node has, of those that were looked for. */
export interface NodeAnswer {
  readonly node: string;
  /** The locks by resource. Undefined if the node did not answer. */
  readonly holds?: ReadonlyMap<string, ListedHold>;
  readonly error?: Error;
}

interface Owned extends NodeOwner {
  readonly members?: readonly NodeMember[];
  readonly foreignType?: string;
  readonly waiting?: number;
}

/** Lists every resource that at least one node has, by name. */
export function listLocks(answers: readonly NodeAnswer[]): ListedLock[] {
  const owners = new Map<string, Owned[]>();
  for (const { node, holds = new Map<string, never>() } of answers) {
    for (const [resource, { ownerToken, ttlMs, members, foreignType, waiting }] of holds) {
      const known = owners.get(resource);
      const one = { node, ownerToken, ttlMs, members, foreignType, waiting };
      if (known === undefined) owners.set(resource, [one]);
      else known.push(one);
    }
  }
  const silent = answers.filter(({ error }) => error !== undefined).length;
  return [...owners]
    .map(([resource, known]) => judge(resource, known, answers.length, silent))
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
}

function judge(resource: string, all: readonly Owned[], nodeCount: number, silent: number): ListedLock {
  const quorum = quorumOf(nodeCount);
  const owned = all.filter(({ foreignType }) => foreignType === undefined);
  if (owned.length === 0 || all.length - owned.length >= quorum) return judgeForeign(resource, all, quorum);
  if (owned.some(({ members }) => members !== undefined))
    return judgeMembers(resource, owned, quorum, silent);
  const tokens = [...new Set(owned.map(({ ownerToken }) => ownerToken))];
  const [leading = [], second] = tokens
    .map((token) => owned.filter(({ ownerToken }) => ownerToken === token))
    .sort((a, b) => b.length - a.length);
  const ttls = leading.map(({ ttlMs }) => ttlMs).sort((a, b) => b - a);
  const holder = describeOwner(leading[0]?.ownerToken ?? '');
  const owners = owned.map(({ node, ownerToken, ttlMs }) => ({ node, ownerToken, ttlMs }));
  const about = { resource, owners, nodeCount: leading.length, ...waitingFor(owned) };
  if (leading.length >= quorum) return { ...about, state: 'held', holder, ttlMs: ttls[quorum - 1] };
  if (second !== undefined) return { ...about, state: 'contested', nodeCount: owned.length };
  const state = leading.length + silent >= quorum ? 'unknown' : 'partial';
  return { ...about, state, holder, ttlMs: ttls[0] };
}

/** Judges a key of another program, which is nobody's lock. Other nodes have at most the rest of a lock. */
function judgeForeign(resource: string, all: readonly Owned[], quorum: number): ListedLock {
  const found = all.filter(({ foreignType }) => foreignType !== undefined);
  const rest = all.filter(({ foreignType }) => foreignType === undefined);
  const ttls = found.map(({ ttlMs }) => ttlMs).sort((a, b) => b - a);
  const { foreignType } = found[0] ?? {};
  const ttlMs = ttls[quorum - 1] ?? ttls[0];
  return {
    ...{ resource, state: 'foreign', foreignType, ttlMs, nodeCount: found.length },
    owners: rest.flatMap(({ node, members, ...one }) =>
      (members ?? [one]).map(({ ownerToken, ttlMs: leftMs }) => ({ node, ownerToken, ttlMs: leftMs })),
    ),
    ...waitingFor(all),
  };
}

/** Judges readers or permit holders. Each of them counts by itself, and those on a quorum hold it. */
function judgeMembers(resource: string, owned: readonly Owned[], quorum: number, silent: number): ListedLock {
  const found = new Map<string, { member: NodeMember; ttls: number[] }>();
  const owners: NodeOwner[] = [];
  for (const { node, members, ownerToken, ttlMs } of owned) {
    // A node may still have an earlier exclusive owner, or a new one already.
    for (const member of members ?? [{ ownerToken, ttlMs }]) {
      const name = `${member.slot} ${member.ownerToken}`;
      const known = found.get(name) ?? { member, ttls: [] };
      known.ttls.push(member.ttlMs);
      found.set(name, known);
      owners.push({ node, ownerToken: member.ownerToken, ttlMs: member.ttlMs });
    }
  }
  const all = [...found.values()].map(({ member, ttls }): ListedHolder => {
    const longest = ttls.sort((a, b) => b - a);
    const ttlMs = longest[quorum - 1] ?? longest[0] ?? 0;
    const slot = member.slot === undefined ? {} : { slot: member.slot };
    return { ...describeOwner(member.ownerToken), ttlMs, nodeCount: longest.length, ...slot };
  });
  const holding = all.filter((holder) => holder.nodeCount >= quorum);
  const holders = (holding.length > 0 ? holding : all).sort(
    (a, b) => (a.slot ?? 0) - (b.slot ?? 0) || b.ttlMs - a.ttlMs,
  );
  const mode = holders.some(({ slot }) => slot !== undefined) ? 'limited' : 'shared';
  const most = Math.max(...all.map((holder) => holder.nodeCount));
  const otherwise = most + silent >= quorum ? 'unknown' : 'partial';
  return {
    ...{ resource, mode, holders, owners, nodeCount: most, ...waitingFor(owned) },
    state: holding.length > 0 ? 'held' : otherwise,
    ttlMs: Math.max(...holders.map(({ ttlMs }) => ttlMs)),
  };
}

/** The largest number of waiters that a node told. A waiter listens on every node, so this is the best estimate. */
function waitingFor(owned: readonly Owned[]): { waiting?: number } {
  const told = owned.flatMap(({ waiting }) => waiting ?? []);
  return told.length === 0 ? {} : { waiting: Math.max(...told) };
}
