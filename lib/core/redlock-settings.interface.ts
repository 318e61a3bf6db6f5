import type { Clock } from '../ports/clock.interface';
import type { FencingSettings } from './fencing';
import type { LockNode } from '../ports/lock-node.interface';
import type { NodeGuard } from './node-guard';
import type { Refusals } from './refusals';
import type { SilentNodes } from './silent-nodes';

export interface RedlockSettings {
  /** The nodes, sorted by name, so that all processes have them in the same order. */
  readonly nodes: readonly LockNode[];
  /** The clock that measures validity. */
  readonly clock: Clock;
  /**
   * The wall clock for fencing tokens, which other machines compare.
   *
   * @default clock
   */
  readonly wall?: Pick<Clock, 'wallNow'> | undefined;
  /** The longest time to wait for one node's vote. */
  readonly nodeTimeoutMs: number;
  /**
   * Makes an owner token: a value that was never used before and that nobody can guess (R2). It contains `label`, if
   * there is one.
   */
  readonly newOwnerToken: (label?: string) => string;
  /**
   * A random number from 0 to 1. It chooses the permit that is looked for first.
   *
   * @default always 0
   */
  readonly fraction?: () => number;
  readonly fencing: FencingSettings;
  readonly guard: NodeGuard;
  /** Hears of nodes that refuse to grant. */
  readonly refusals?: Refusals;
  /** Hears which nodes answer, and knows which nodes not to ask. Missing if every node is needed for a quorum. */
  readonly silence?: SilentNodes | undefined;
}
