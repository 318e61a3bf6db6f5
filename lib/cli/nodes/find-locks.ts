import { findLocks as findLocksOn, type FoundLocks } from '../../locking/inspection/find-locks';
import { systemClock } from '../../system/system-clock';
import type { NodeClient } from './node-client';

export interface Search {
  readonly keyPrefix: string;
  /** A glob of Redis, for the resource without the prefix. */
  readonly pattern: string;
  readonly limit: number;
}

/**
 * Looks for locks on all nodes, however many keys they have: whoever sits before a terminal can end it.
 *
 * @param known of the look before: they come first
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
