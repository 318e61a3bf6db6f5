import { quorumOf } from '../../core/quorum';
import { showProducts } from '../../locking/api/server-products';
import type { LockInspection, NodeInspection } from '../../locking/api/lock-inspection.interface';
import { describeOwner } from '../../locking/api/owner-token';
import { printable } from '../../errors/printable';
import { jsonHolder, jsonMs, showHolder, showMs } from './show';
import { table } from './table';

/** The text for people: the answer in a sentence, and a line per node. */
export function showInspection(inspection: LockInspection): string {
  const rows = inspection.nodes.map((node) => [
    node.node,
    node.status,
    showProducts(node.servers) ?? '-',
    node.ownerToken === undefined ? '-' : showHolder(describeOwner(node.ownerToken)),
    showMs(node.ttlMs),
    node.error?.message ?? '',
  ]);
  return [
    sentence(inspection),
    '',
    table(['NODE', 'STATUS', 'SERVER', 'HOLDER', 'TTL LEFT', 'ERROR'], rows),
  ].join('\n');
}

export function sentence(inspection: LockInspection): string {
  const { resource, state, holder, ttlMs, nodes } = inspection;
  const quorum = quorumOf(nodes.length);
  const name = `"${printable(resource)}"`;
  if (state === 'free') return `${name} is free.`;
  if (state === 'held') {
    const until = ttlMs === Infinity ? 'without an end' : `for ${showMs(ttlMs)} more unless it is extended`;
    const on = `on ${ownersIn(nodes)} of ${nodes.length} nodes`;
    return `${name} is held by ${printable(showHolder(holder))} ${on}, ${until}.`;
  }
  if (state === 'contested') {
    const has = `${ownersIn(nodes)} of ${nodes.length} nodes have an owner`;
    return `${name} is contested: ${has}, and no owner has the ${quorum} that it takes. Look again in a moment.`;
  }
  return `Nobody can tell who holds ${name}: fewer than ${quorum} of ${nodes.length} nodes answered.`;
}

/** The answer for scripts. docs/CLI.md has its shape. */
export function jsonInspection({ resource, state, holder, ttlMs, nodes }: LockInspection): object {
  return {
    resource,
    state,
    quorum: quorumOf(nodes.length),
    holder: jsonHolder(holder),
    ttlMs: jsonMs(ttlMs),
    nodes: nodes.map((node) => ({
      node: node.node,
      status: node.status,
      servers: (node.servers ?? []).map(({ name, version = null, mode = null }) => ({ name, version, mode })),
      ownerToken: node.ownerToken ?? null,
      ttlMs: jsonMs(node.ttlMs),
      error: node.error?.message ?? null,
    })),
  };
}

function ownersIn(nodes: readonly NodeInspection[]): number {
  return nodes.filter(({ ownerToken }) => ownerToken !== undefined).length;
}
