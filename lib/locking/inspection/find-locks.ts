import { NoAnswerError } from '../../errors/no-answer.error';
import type { Clock } from '../../ports/clock.interface';
import type { LockNode } from '../../ports/lock-node.interface';
import type { ListedHold, ListedPart, ListRequest, NodePace } from '../../ports/node-listing.interface';
import { isInPlaceOfLock } from './is-lock';
import type { NodeAnswer } from './list-locks';

/** Whom to ask for what it has, and for how long. */
export interface ListSetup {
  readonly nodes: readonly ListedNode[];
  readonly clock: Clock;
  /** For each part of a list. */
  readonly timeoutMs: number;
  /** Waits for a node that connects for the first time; undefined: it need not be waited for. */
  whenMet?(node: ListedNode, then: () => void): (() => void) | undefined;
}

export type ListedNode = Pick<LockNode, 'name' | 'list'>;

export interface Search {
  /** A glob of Redis. */
  readonly pattern: string;
  readonly limit: number;
  /** How many parts of its list a node is asked for; each is some hundreds of its keys. */
  readonly mostParts?: number;
}

export interface FoundLocks {
  readonly answers: readonly FoundOnNode[];
  /** There are more than `limit`, or not all keys were looked at. */
  readonly isTruncated: boolean;
}

export interface FoundOnNode extends NodeAnswer {
  readonly pace?: NodePace;
}

const MOST_RESOURCES = 500;

/**
 * Looks for locks on all nodes: each tells what it has, up to the limit; then those that had more are asked for what the
 * others have. So a node that was asked for only a part of its keys does not look as if it had no more.
 *
 * @param known of the look before: they come first, else a lock could look gone because there are more than the limit
 */
export async function findLocks(
  setup: ListSetup,
  search: Search,
  known: readonly string[] = [],
): Promise<FoundLocks> {
  const walks = await Promise.all(setup.nodes.map((node) => attempt(() => walk(node, setup, search))));
  const all = namesOf(walks.flatMap(({ value }) => [...(value?.holds.values() ?? [])]));
  const resources = [...new Set([...known, ...all])].slice(0, search.limit);
  const answers = await Promise.all(
    setup.nodes.map(async (node, position): Promise<FoundOnNode> => {
      const { value, error } = walks[position] ?? {};
      if (value === undefined) return { node: node.name, error };
      const rest = await attempt(() => fill(node, setup, search, value, resources));
      return { node: node.name, holds: rest.value, error: rest.error, pace: value.pace };
    }),
  );
  const isTruncated = all.length > search.limit || walks.some(({ value }) => value?.isWhole === false);
  return { answers, isTruncated };
}

/** Without duplicates: the locks by name, then the keys of other programs, of which there may be any number. */
function namesOf(holds: readonly ListedHold[]): string[] {
  const locks = new Set<string>();
  const foreign = new Set<string>();
  for (const { resource, foreignType } of holds) (foreignType === undefined ? locks : foreign).add(resource);
  return [...new Set([...[...locks].sort(), ...[...foreign].sort()])];
}

interface Walk {
  readonly holds: ReadonlyMap<string, ListedHold>;
  readonly isWhole: boolean;
  readonly pace?: NodePace;
}

/** What a node has, one lock more than the limit at least where it has so many. */
async function walk(
  node: ListedNode,
  setup: ListSetup,
  { pattern, limit, mostParts = Infinity }: Search,
): Promise<Walk> {
  const holds = new Map<string, ListedHold>();
  let foreign = 0;
  const walked = new Set<string | undefined>([undefined]);
  let from: string | undefined;
  let pace: NodePace | undefined;
  // Ends with the walk of the node, which comes by no place twice.
  for (let parts = 1; ; parts += 1) {
    const part = await ask(node, setup, { pattern, from });
    pace ??= part.pace;
    for (const hold of part.holds) {
      if (!isInPlaceOfLock(hold.resource, hold)) continue;
      const isAnotherForeign = hold.foreignType !== undefined && !holds.has(hold.resource);
      // No more of them than it takes to say that the list was cut off.
      if (isAnotherForeign && foreign > limit) continue;
      if (isAnotherForeign) foreign += 1;
      holds.set(hold.resource, hold);
    }
    if (part.next === undefined) return { holds, isWhole: true, pace };
    if (walked.has(part.next)) throw new Error('the list of the node goes round: a reply of no known form');
    walked.add(part.next);
    if (holds.size - foreign > limit || parts >= mostParts) return { holds, isWhole: false, pace };
    from = part.next;
  }
}

/** What the node has at `resources`. */
async function fill(
  node: ListedNode,
  setup: ListSetup,
  { pattern }: Search,
  { holds, isWhole }: Walk,
  resources: readonly string[],
): Promise<Map<string, ListedHold>> {
  const found = new Map<string, ListedHold>();
  const missing: string[] = [];
  for (const resource of resources) {
    const hold = holds.get(resource);
    if (hold !== undefined) found.set(resource, hold);
    else if (!isWhole) missing.push(resource);
  }
  for (let from = 0; from < missing.length; from += MOST_RESOURCES) {
    const part = await ask(node, setup, { pattern, resources: missing.slice(from, from + MOST_RESOURCES) });
    for (const hold of part.holds) if (isInPlaceOfLock(hold.resource, hold)) found.set(hold.resource, hold);
  }
  return found;
}

/** One part. Rejects when none comes in time; replies that have already arrived are read before. */
function ask(node: ListedNode, setup: ListSetup, request: ListRequest): Promise<ListedPart> {
  const { clock, timeoutMs } = setup;
  return new Promise((resolve, reject) => {
    const within = `within ${Math.round(timeoutMs)} ms`;
    let missing = `no answer ${within}`;
    const limit = clock.schedule(timeoutMs, () => {
      clock.afterArrivedReplies(() => {
        stopWaiting?.();
        reject(new NoAnswerError(missing));
      });
    });
    const begin = () => {
      missing = `no answer ${within}`;
      const listed = node.list?.(request) ?? Promise.reject(new Error('the node cannot list what it has'));
      listed.then(resolve, reject).finally(() => {
        limit.cancel();
      });
    };
    const stopWaiting = setup.whenMet?.(node, begin);
    if (stopWaiting === undefined) begin();
    else missing = `not connected ${within}`;
  });
}

async function attempt<T>(action: () => Promise<T>): Promise<{ value?: T; error?: Error }> {
  try {
    return { value: await action() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}
