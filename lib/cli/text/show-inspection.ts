import { quorumOf } from '../../core/quorum';
import { showProducts } from '../../locking/api/server-products';
import type { LockInspection, NodeInspection } from '../../locking/api/lock-inspection.interface';
import { describeOwner } from '../../locking/api/owner-token';
import { printable } from '../../errors/printable';
import { jsonHolder, jsonMs, showForeign, showHolder, showMs } from './show';
import { table } from './table';

/** The text for people: the answer in a sentence, and a line per node. */
export function showInspection(inspection: LockInspection): string {
  const rows = inspection.nodes.flatMap((node) =>
    holdersOn(node).map(([holder, ttlMs]) => [
      node.node,
      node.status,
      showProducts(node.servers) ?? '-',
      holder,
      showMs(ttlMs),
      node.error?.message ?? '',
    ]),
  );
  return [
    sentence(inspection),
    '',
    table(['NODE', 'STATUS', 'SERVER', 'HOLDER', 'TTL LEFT', 'ERROR'], rows),
  ].join('\n');
}

/** What to write for a free resource that looks like its key in Redis. Undefined for all others. */
export function adviceForKey({ resource, state }: LockInspection, keyPrefix: string): string | undefined {
  const behind = resource.slice(keyPrefix.length);
  if (state !== 'free' || keyPrefix === '' || behind === '' || !resource.startsWith(keyPrefix))
    return undefined;
  return (
    `"${printable(resource)}" begins with the prefix of the keys, "${printable(keyPrefix)}", ` +
    `which a resource is written without. Did you mean "${printable(behind)}"?`
  );
}

/** The rows of a node: one for each holder, or one if nobody holds the lock there. */
function holdersOn({
  ownerToken,
  ttlMs,
  holders = [],
  foreignType,
}: NodeInspection): [string, number | undefined][] {
  if (foreignType !== undefined) return [[showForeign(foreignType), ttlMs]];
  if (holders.length === 0) {
    return [[ownerToken === undefined ? '-' : showHolder(describeOwner(ownerToken)), ttlMs]];
  }
  return holders.map((holder) => {
    const what = holder.slot === undefined ? 'reader' : `permit ${holder.slot}`;
    return [`${what}, ${showHolder(describeOwner(holder.ownerToken))}`, holder.ttlMs];
  });
}

export function sentence(inspection: LockInspection): string {
  const { resource, state, holder, ttlMs, nodes } = inspection;
  const quorum = quorumOf(nodes.length);
  const name = `"${printable(resource)}"`;
  if (state === 'free') return `${name} is free.`;
  if (state === 'held' && inspection.mode !== undefined && inspection.mode !== 'exclusive') {
    return `${name} is held by ${members(inspection)}${waiting(inspection)}.`;
  }
  if (state === 'held') {
    const until =
      ttlMs === Infinity ? 'without an expiry' : `for ${showMs(ttlMs)} more unless it is extended`;
    const count = nodes.filter(({ ownerToken }) => ownerToken === holder?.ownerToken).length;
    const others = ownersIn(nodes) - count;
    const on = `on ${count} of ${nodes.length} nodes${others === 0 ? '' : ` (on ${others} it is held by somebody else)`}`;
    return `${name} is held by ${printable(showHolder(holder))} ${on}, ${until}.`;
  }
  if (state === 'foreign') {
    return `${name} is no lock: ${showForeign(inspection.foreignType)} is in its place, so nobody can lock it.`;
  }
  if (state === 'contested') {
    const has = `${ownersIn(nodes)} of ${nodes.length} nodes have an owner`;
    return `${name} is contested: ${has}, and no owner has the ${quorum} that are needed. Look again in a moment.`;
  }
  return `Nobody can tell who holds ${name}: fewer than ${quorum} of ${nodes.length} nodes answered.`;
}

/** The members as text: `1 reader`, `3 readers`, `2 permits: 0, 3` */
function members({ holders, mode }: LockInspection): string {
  const count = holders.length;
  if (mode === 'shared') return count === 1 ? '1 reader' : `${count} readers`;
  const slots = holders.map(({ slot }) => slot).join(', ');
  return `${count === 1 ? '1 permit' : `${count} permits`}: ${slots}`;
}

function waiting({ waiting: count }: LockInspection): string {
  if (count === 0) return '';
  return count === 1 ? ', and 1 waits for it' : `, and ${count} wait for it`;
}

/** The answer for scripts. docs/CLI.md has its shape. */
export function jsonInspection(inspection: LockInspection): object {
  const { resource, state, mode, holder, ttlMs, holders, nodes } = inspection;
  return {
    resource,
    state,
    quorum: quorumOf(nodes.length),
    mode: mode ?? null,
    holder: jsonHolder(holder),
    ttlMs: jsonMs(ttlMs),
    holders: holders.map((one) => ({
      ...jsonHolder(one),
      ttlMs: jsonMs(one.ttlMs),
      nodeCount: one.nodeCount,
      slot: one.slot ?? null,
    })),
    foreignType: inspection.foreignType ?? null,
    waiting: inspection.waiting,
    nodes: nodes.map((node) => ({
      node: node.node,
      status: node.status,
      servers: (node.servers ?? []).map(({ name, version = null, mode = null }) => ({ name, version, mode })),
      ownerToken: node.ownerToken ?? null,
      ttlMs: jsonMs(node.ttlMs),
      holders: (node.holders ?? []).map((one) => ({
        ownerToken: one.ownerToken,
        ttlMs: jsonMs(one.ttlMs),
        slot: one.slot ?? null,
      })),
      foreignType: node.foreignType ?? null,
      waiting: node.waiting ?? 0,
      error: node.error?.message ?? null,
    })),
  };
}

function ownersIn(nodes: readonly NodeInspection[]): number {
  return nodes.filter(({ ownerToken }) => ownerToken !== undefined).length;
}
