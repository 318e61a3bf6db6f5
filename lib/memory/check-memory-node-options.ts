import { LockOptionsError } from '../errors/lock-options.error';
import { readOptions } from '../errors/read-options';
import type { TimeSource } from '../ports/clock.interface';

export interface MemoryLockNodeOptions {
  /**
   * The name in votes, events and errors. It must differ from the names of the other nodes.
   *
   * @default 'memory-1', 'memory-2', … in the order in which nodes are made
   */
  name?: string | undefined;
  /**
   * The clock of the node.
   *
   * @default the clocks of this process
   */
  clock?: TimeSource | undefined;
}

const KNOWN = Object.keys({ name: true, clock: true } satisfies Record<keyof MemoryLockNodeOptions, true>);

/** @throws LockOptionsError with the option's name */
export function checkMemoryNodeOptions(given: unknown): MemoryLockNodeOptions {
  const { name, clock } = readOptions(given, KNOWN, {
    name: 'options',
    what: ", such as { name: 'first' }",
    each: 'an option of MemoryLockNode',
  });
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw new LockOptionsError('name', 'must be a text, or be left out.');
  if (clock !== undefined && !isTimeSource(clock))
    throw new LockOptionsError('clock', 'must have the methods now() and wallNow(), or be left out.');
  return { name, clock };
}

function isTimeSource(clock: unknown): clock is TimeSource {
  const { now, wallNow } = (clock ?? {}) as Partial<Record<keyof TimeSource, unknown>>;
  return typeof now === 'function' && typeof wallNow === 'function';
}
