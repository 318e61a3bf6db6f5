import type { LockNode } from '../ports/lock-node.interface';
import { tryForceRelease } from '../locking/inspection/force-release';
import { inspectNodes } from '../locking/inspection/inspect-nodes';
import type { NodeVote } from '../errors/node-vote.interface';
import type { LockInspection, NodeInspection } from '../locking/api/lock-inspection.interface';
import { systemClock } from '../system/system-clock';
import type { Command, Invocation } from './command.interface';
import { EXIT, type ExitCode } from './text/exit-code';
import { withLockNodes } from './nodes/lock-nodes';
import { printable } from '../errors/printable';
import { adviceForKey, jsonInspection, sentence } from './text/show-inspection';
import { jsonText } from './text/json-text';

const WARNING =
  'Its holder notices it only at its next extension. Until then two holders may work at the same time.';

const REMOVE_FOREIGN = 'If nobody needs it, remove it with a client of the server.';

export const release: Command = {
  name: 'release',
  takesResource: true,
  about: 'takes a lock away from its holder, with --force',
  details:
    'Removes the lock that the nodes have at the resource, whoever holds it. A lock that is acquired in the meantime stays,\n' +
    'and so does a key of another program with a type that no lock has.\n' +
    `${WARNING}\n` +
    'Exits with 0 if it was removed from at least one node, with 1 if nothing was released, with 3 if no quorum of the\n' +
    'nodes answered. Without --force it only says what it would do, and exits with 1 or 3.',
  options: {
    force: { type: 'boolean', about: 'release the lock; without it nothing is changed' },
    owner: {
      type: 'string',
      value: '<token>',
      about: 'only this owner: one of several readers or holders of permits',
    },
  },
  async run(invocation, terminal) {
    const result = await withLockNodes(invocation, (nodes) => releaseIfForced(nodes, invocation));
    terminal.print(invocation.json ? jsonText(jsonResult(result), 2) : showResult(result));
    const advice = adviceForKey(result.before, invocation.keyPrefix);
    if (advice !== undefined) terminal.complain(advice);
    return exitCodeFor(result);
  },
};

interface Result {
  readonly isForced: boolean;
  /** The locks on the nodes before anything was released. */
  readonly before: LockInspection;
  /** The number of nodes that it was removed from. */
  readonly releasedFrom: number;
  /** The nodes that have it, and did not remove it. */
  readonly failed: readonly NodeVote[];
}

async function releaseIfForced(nodes: readonly LockNode[], invocation: Invocation): Promise<Result> {
  const { resource, timeoutMs } = invocation;
  const isForced = invocation.flag('force');
  const setup = { nodes, clock: systemClock, timeoutMs };
  const before = await inspectNodes(setup, resource);
  const isSomewhere = before.nodes.some(isHeldOn);
  const { removedFrom: releasedFrom, unknown: failed } =
    isForced && isSomewhere
      ? await tryForceRelease(setup, resource, invocation.text('owner', '') || undefined)
      : NOTHING;
  return { isForced, before, releasedFrom, failed };
}

function isHeldOn({ ownerToken, holders }: NodeInspection): boolean {
  return ownerToken !== undefined || holders !== undefined;
}

function hasForeignKey({ foreignType }: NodeInspection): boolean {
  return foreignType !== undefined;
}

const NOTHING = { removedFrom: 0, unknown: [] };

function showResult({ isForced, before, releasedFrom, failed }: Result): string {
  const name = `"${printable(before.resource)}"`;
  const all = before.nodes.length;
  const holding = before.nodes.filter(isHeldOn).length;
  const silent = before.nodes.filter(({ error }) => error !== undefined).map(({ node }) => node);
  const foreign = before.nodes.filter(hasForeignKey).map(({ node }) => node);
  // A caller that has it on less than a quorum holds nothing, if a quorum has no holder.
  const isHeldByNobody = before.state === 'foreign' || before.state === 'free';
  const warning = isHeldByNobody ? [] : [WARNING];
  const lines = [sentence(before)];
  if (holding === 0 || (isForced && releasedFrom === 0)) lines.push('Nothing was released.');
  else if (isForced) {
    lines.push([`Removed ${name} from ${releasedFrom} of ${all} nodes.`, ...warning].join(' '));
  } else {
    lines.push(`With --force this would remove ${name} from ${holding} of ${all} nodes; nothing was done.`);
    lines.push(...warning);
  }
  if (failed.length > 0) {
    const reasons = failed.map(({ node, error }) => `${node} (${printable(error?.message ?? '')})`);
    lines.push(
      `These nodes did not say that they removed it: ${reasons.join(', ')}. Solve that, and try again.`,
    );
  }
  if (foreign.length > 0) {
    lines.push(
      `A key of another program is no lock, and was not removed from ${foreign.join(', ')}. ${REMOVE_FOREIGN}`,
    );
  }
  if (silent.length > 0)
    lines.push(`These nodes did not answer, and may still have it: ${silent.join(', ')}.`);
  return lines.join('\n');
}

/** The answer for scripts. docs/CLI.md has its shape. */
function jsonResult({ isForced, before, releasedFrom, failed }: Result): object {
  const { resource } = before;
  const failures = failed.map(({ node, error }) => ({ node, error: error?.message ?? null }));
  return { resource, forced: isForced, releasedFrom, failed: failures, before: jsonInspection(before) };
}

function exitCodeFor({ before, releasedFrom }: Result): ExitCode {
  if (before.state === 'unknown') return EXIT.noQuorum;
  return releasedFrom > 0 ? EXIT.ok : EXIT.problem;
}
