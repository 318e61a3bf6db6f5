import { FENCE_COUNTERS } from '../../core/reserved-names';
import type { NodeHold } from '../../ports/lock-node.interface';
import { RedisNodeError } from '../../redis/client/redis-node-error';
import { escapeGlob } from './glob';
import { isLock } from './is-lock';
import type { NodeClient } from './node-client';

/** What one node has of the locks that were looked for. */
export interface NodeAnswer {
  readonly node: string;
  /** By resource. Undefined when the node did not answer. */
  readonly holds?: ReadonlyMap<string, NodeHold>;
  readonly error?: Error;
}

export interface FoundLocks {
  readonly answers: readonly NodeAnswer[];
  /** There are more than `limit`. */
  readonly isTruncated: boolean;
}

export interface Search {
  readonly keyPrefix: string;
  /** A glob of Redis, for the resource without the prefix. */
  readonly pattern: string;
  readonly limit: number;
}

const KEYS_PER_SCAN = 500;
const KEYS_PER_READ = 200;

/**
 * Looks for locks on all nodes: first for their names on every node, then for what each node has at each name. So a
 * node that was asked for only a part of its keys does not look as if it had no more.
 *
 * @param known of the look before: they come first, else a lock could look gone because there are more than the limit
 */
export async function findLocks(
  nodes: readonly NodeClient[],
  search: Search,
  known: readonly string[] = [],
): Promise<FoundLocks> {
  const named = await Promise.all(nodes.map((node) => attempt(() => namesOn(node, search))));
  const all = new Set(named.flatMap(({ value = [] }) => value).sort());
  const resources = [...new Set([...known, ...all])].slice(0, search.limit);
  const answers = await Promise.all(
    nodes.map(async (node, position): Promise<NodeAnswer> => {
      const failure = named[position]?.error;
      if (failure !== undefined) return { node: node.name, error: failure };
      const { value, error } = await attempt(() => holdsOn(node, search.keyPrefix, resources));
      return { node: node.name, holds: value, error };
    }),
  );
  return { answers, isTruncated: all.size > search.limit };
}

/** The resources of one node that may be locks; one more than the limit at most. */
async function namesOn(node: NodeClient, { keyPrefix, pattern, limit }: Search): Promise<string[]> {
  if (node.masters.length === 0) await node.ask(() => node.client.ping());
  const found = new Set<string>();
  const match = escapeGlob(keyPrefix) + pattern;
  for (const server of node.masters) {
    let cursor = '0';
    const walked = new Set<string>();
    // Redis promises to come back to 0 after one walk through its keys, and to nowhere else.
    do {
      if (walked.has(cursor)) throw unexpectedReply();
      walked.add(cursor);
      const step = stepFrom(
        await node.ask(() => server.scan(cursor, 'MATCH', match, 'COUNT', KEYS_PER_SCAN, 'TYPE', 'string')),
      );
      cursor = step.cursor;
      for (const key of step.keys) {
        const resource = key.slice(keyPrefix.length);
        // There may be thousands of counters, and no lock has such a name.
        if (!resource.startsWith(FENCE_COUNTERS)) found.add(resource);
      }
    } while (cursor !== '0' && found.size <= limit);
  }
  return [...found];
}

/** Who has `resources` on this node. In parts, so that nobody waits long for us on the server. */
async function holdsOn(
  node: NodeClient,
  keyPrefix: string,
  resources: readonly string[],
): Promise<Map<string, NodeHold>> {
  const holds = new Map<string, NodeHold>();
  for (let from = 0; from < resources.length; from += KEYS_PER_READ) {
    const part = resources.slice(from, from + KEYS_PER_READ);
    const read = await Promise.all(part.map((resource) => holdOf(node, keyPrefix + resource)));
    part.forEach((resource, position) => {
      const hold = read[position];
      if (hold && isLock(keyPrefix + resource, hold)) holds.set(resource, hold);
    });
  }
  return holds;
}

async function holdOf(node: NodeClient, key: string): Promise<NodeHold | undefined> {
  const { client } = node;
  const [ownerToken, ttl] = await Promise.all([
    node.ask(() => client.get(key)).catch(absentIfNoString),
    node.ask(() => client.pttl(key)),
  ]);
  // -2: it went in between.
  if (ownerToken === null || ttl === -2) return undefined;
  if (typeof ownerToken !== 'string' || !Number.isSafeInteger(ttl)) throw unexpectedReply();
  return { ownerToken, ttlMs: ttl === -1 ? Infinity : ttl };
}

/** Whatever answers in the place of Redis: else it would be asked for ever. */
function stepFrom(reply: unknown): { cursor: string; keys: readonly string[] } {
  const [cursor, keys] = Array.isArray(reply) ? (reply as unknown[]) : [];
  const isStep = typeof cursor === 'string' && Array.isArray(keys);
  if (!isStep || !keys.every((key) => typeof key === 'string')) throw unexpectedReply();
  return { cursor, keys };
}

function unexpectedReply(): RedisNodeError {
  return new RedisNodeError('the server gave a reply of no known form', 'UNEXPECTED_REPLY');
}

/** Of another program, which has a hash there, say. */
function absentIfNoString(error: unknown): null {
  if ((error as { code?: string }).code === 'WRONGTYPE') return null;
  throw error;
}

async function attempt<T>(action: () => Promise<T>): Promise<{ value?: T; error?: Error }> {
  try {
    return { value: await action() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}
