import { NoAnswerError } from '../../errors/no-answer.error';
import type { FirstContact } from '../../core/first-contact';
import type { Clock } from '../../ports/clock.interface';
import type { LockNode } from '../../ports/lock-node.interface';
import type { ListedHold, ListedPart, ListRequest, NodePace } from '../../ports/node-listing.interface';
import { laterTurn } from '../../core/later-turn';
import { isInPlaceOfLock } from './is-lock';
import type { NodeAnswer } from './list-locks';

/** The nodes to ask, and the time that they get. */
export interface ListSetup {
  readonly nodes: readonly ListedNode[];
  readonly clock: Clock;
  /** The time for each part of a list. */
  readonly timeoutMs: number;
  /** Nodes that connect for the first time are waited for. */
  readonly firstContact?: FirstContact;
}

export type ListedNode = Pick<LockNode, 'name' | 'list'>;

export interface Search {
  /** The resources, as a glob of Redis. */
  readonly pattern: string;
  readonly limit: number;
  /** The most parts of its list that a node is asked for. A part is some hundreds of its keys. */
  readonly mostParts?: number;
}

export interface FoundLocks {
  readonly answers: readonly FoundOnNode[];
  /** True if there are more than `limit`, or if not all keys were looked at. */
  readonly isTruncated: boolean;
}

export interface FoundOnNode extends NodeAnswer {
  readonly pace?: NodePace;
}

const MOST_RESOURCES = 500;

/**
 * Looks for locks on all nodes. First each node lists what it has, up to the limit. Then a node with more is asked
 * for the locks of the other nodes. Else it would look as if it did not have these.
 *
 * @param known the locks of the look before. They come first, since else a lock could seem gone because of the
 *   limit
 */
export async function findLocks(
  setup: ListSetup,
  search: Search,
  known: readonly string[] = [],
): Promise<FoundLocks> {
  const walks = await Promise.all(setup.nodes.map((node) => attempt(() => walk(node, setup, search))));
  await laterTurn(setup.clock);
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

/** The names without duplicates: first the locks by name, then the keys of other programs, which may be many. */
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

/** Lists what a node has. If it has more locks than the limit, the result has at least one more than the limit. */
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
  // The loop ends with the list of the node, since no place comes twice.
  for (let parts = 1; ; parts += 1) {
    const part = await ask(node, setup, { pattern, from });
    pace ??= part.pace;
    for (const hold of part.holds) {
      if (!isInPlaceOfLock(hold.resource, hold)) continue;
      const isAnotherForeign = hold.foreignType !== undefined && !holds.has(hold.resource);
      // More keys of other programs are not needed to say that the list was cut off.
      if (isAnotherForeign && foreign > limit) continue;
      if (isAnotherForeign) foreign += 1;
      holds.set(hold.resource, hold);
    }
    if (part.next === undefined) return { holds, isWhole: true, pace };
    if (walked.has(part.next))
      throw new Error('the list of the node does not end, since the node repeats a part of it');
    walked.add(part.next);
    if (holds.size - foreign > limit || parts >= mostParts) return { holds, isWhole: false, pace };
    from = part.next;
  }
}

/** Finds what the node has at `resources`. */
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

/** Asks for one part. Rejects if none comes in time. Replies that have already arrived are read first. */
function ask(node: ListedNode, setup: ListSetup, request: ListRequest): Promise<ListedPart> {
  const { clock, timeoutMs } = setup;
  return new Promise((resolve, reject) => {
    const within = `within ${Math.round(timeoutMs)} ms`;
    // Only the lists of lock nodes know a first contact.
    const met = node as LockNode;
    let isAsked = false;
    const limit = clock.schedule(timeoutMs, () => {
      clock.afterArrivedReplies(() => {
        stopWaiting?.();
        const missing = isAsked ? undefined : setup.firstContact?.reasonNotAsked(met, within);
        reject(new NoAnswerError(missing ?? `no answer ${within}`));
      });
    });
    const begin = () => {
      isAsked = true;
      const listed = node.list?.(request) ?? Promise.reject(new Error('the node cannot list what it has'));
      listed.then(resolve, reject).finally(() => {
        limit.cancel();
      });
    };
    const stopWaiting = setup.firstContact?.whenMet(met, begin);
    if (stopWaiting === undefined) begin();
  });
}

async function attempt<T>(action: () => Promise<T>): Promise<{ value?: T; error?: Error }> {
  try {
    return { value: await action() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}
