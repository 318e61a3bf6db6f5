import { quorumOf } from '../../core/quorum';
import { EXIT, type ExitCode } from './exit-code';
import type { ListedLock } from '../../locking/api/lock-listing.interface';
import type { FoundLocks } from '../../locking/inspection/find-locks';
import { listLocks, type NodeAnswer } from '../../locking/inspection/list-locks';
import { jsonHolder, jsonMs, showForeign, showHolder, showMs } from './show';
import { table } from './table';

/**
 * The text for people: a line per lock.
 *
 * @param longest a longer resource or holder is shortened
 */
export function showLocks(
  { answers, isTruncated }: FoundLocks,
  { limit, longest }: { readonly limit: number; readonly longest?: number },
): string {
  const locks = listLocks(answers);
  if (locks.length === 0) return noLocks(answers);
  const rows = locks.map((lock) => [
    lock.resource,
    lock.state,
    showHolderOf(lock),
    showMs(lock.ttlMs),
    `${lock.nodeCount} of ${answers.length}`,
  ]);
  const more = isTruncated ? [moreThan(limit)] : [];
  return [table(['RESOURCE', 'STATE', 'HOLDER', 'TTL LEFT', 'NODES'], rows, longest), ...more].join('\n');
}

/** The text for an empty list. It says "No locks" only if the silent nodes could not have one. */
function noLocks(answers: readonly NodeAnswer[]): string {
  const silent = answers.filter(({ error }) => error !== undefined).length;
  if (silent === 0) return 'No locks.';
  const nodes = `${answers.length - silent} of ${answers.length} nodes answered`;
  return exitCodeFor(answers) === EXIT.ok
    ? `No locks on the nodes that answered: ${nodes}.`
    : `It is unknown if there are locks: ${nodes}, and ${quorumOf(answers.length)} are needed.`;
}

/** The text at the end of a list that was cut off. */
export function moreThan(limit: number): string {
  return `More than ${limit}; narrow it with --pattern, or raise --limit.`;
}

export function showHolderOf({ mode, holder, holders = [], owners, foreignType }: ListedLock): string {
  if (foreignType !== undefined) return showForeign(foreignType);
  if (mode === 'shared') return holders.length === 1 ? '1 reader' : `${holders.length} readers`;
  if (mode === 'limited') {
    const slots = holders.flatMap(({ slot }) => slot ?? []);
    return `${slots.length === 1 ? '1 permit' : `${slots.length} permits`} ${slots.join(',')}`;
  }
  return holder === undefined
    ? `${new Set(owners.map(({ ownerToken }) => ownerToken)).size} owners`
    : showHolder(holder);
}

/** The answer for scripts. docs/CLI.md has its shape. */
export function jsonLocks(
  { answers, isTruncated }: FoundLocks,
  { keyPrefix }: { readonly keyPrefix: string },
): object {
  return {
    keyPrefix,
    quorum: quorumOf(answers.length),
    nodes: answers.map(({ node, error }) => ({ node, error: error?.message ?? null })),
    truncated: isTruncated,
    locks: listLocks(answers).map(jsonLock),
  };
}

export function jsonLock(lock: ListedLock): object {
  const { resource, state, mode, holder, holders, foreignType, ttlMs, nodeCount, owners } = lock;
  const shared = holders?.map((one) => ({
    ...{ ...jsonHolder(one), ttlMs: jsonMs(one.ttlMs) },
    ...{ nodeCount: one.nodeCount, slot: one.slot ?? null },
  }));
  return {
    resource,
    state,
    holder: jsonHolder(holder),
    ttlMs: jsonMs(ttlMs),
    nodeCount,
    ...(mode === undefined ? {} : { mode, holders: shared }),
    ...(foreignType === undefined ? {} : { foreignType }),
    owners: owners.map((owner) => ({ ...owner, ttlMs: jsonMs(owner.ttlMs) })),
  };
}

/** The complaints: a line per node that did not answer. */
export function complaintsAbout(answers: readonly NodeAnswer[]): string[] {
  return answers.flatMap(({ node, error }) => (error === undefined ? [] : `${node}: ${error.message}`));
}

/** What to say of nodes that have only a part of the keys of a cluster. */
export function complaintsAboutParts(nodes: readonly { name: string; isOneOfCluster: boolean }[]): string[] {
  return nodes.flatMap(({ name, isOneOfCluster }) =>
    isOneOfCluster
      ? `${name}: one server of a Redis Cluster, so the locks of the others are missing. Give redis+cluster://…`
      : [],
  );
}

export function exitCodeFor(answers: readonly NodeAnswer[]): ExitCode {
  const answered = answers.filter(({ error }) => error === undefined).length;
  return answered >= quorumOf(answers.length) ? EXIT.ok : EXIT.noQuorum;
}
