import { findLocks as findLocksOn, type FoundLocks } from '../../locking/inspection/find-locks';
import { systemClock } from '../../system/system-clock';
import type { NodeClient } from './node-client';

export interface Search {
  readonly keyPrefix: string;
  /** The resources without the prefix, as a glob of Redis. */
  readonly pattern: string;
  readonly limit: number;
}

/**
 * Looks for locks on all nodes, however many keys they have: a person before a terminal can stop it.
 *
 * @param known the locks of the look before, which come first
 */
export function findLocks(
  nodes: readonly NodeClient[],
  { keyPrefix, pattern, limit }: Search,
  known?: readonly string[],
): Promise<FoundLocks> {
  const timeoutMs = Math.max(0, ...nodes.map((node) => node.timeoutMs));
  const listed = nodes.map((node) => node.listing(keyPrefix));
  return findLocksOn({ nodes: listed, clock: systemClock, timeoutMs }, { pattern, limit }, known);
}
