import type { Clock } from '../ports/clock.interface';
import type { FencingSettings } from './fencing';
import type { LockNode } from '../ports/lock-node.interface';
import type { NodeGuard } from './node-guard';
import type { Refusals } from './refusals';
import type { SilentNodes } from './silent-nodes';

export interface RedlockSettings {
  /** The nodes, sorted by name, so that all processes have them in the same order. */
  readonly nodes: readonly LockNode[];
  /** Measures validity. */
  readonly clock: Clock;
  /**
   * The wall clock as other machines may compare it, for fencing tokens.
   *
   * @default clock
   */
  readonly wall?: Pick<Clock, 'wallNow'> | undefined;
  /** The longest wait for one node's vote. */
  readonly nodeTimeoutMs: number;
  /** A value that was never used before and that nobody can guess (R2). */
  /** Makes a fresh owner token. It contains `label`, if there is one. */
  readonly newOwnerToken: (label?: string) => string;
  /**
   * Chance, from 0 to 1: which permit is looked for first.
   *
   * @default always 0
   */
  readonly fraction?: () => number;
  readonly fencing: FencingSettings;
  readonly guard: NodeGuard;
  /** Hears of nodes that refuse to grant. */
  readonly refusals?: Refusals;
  /** Hears of who answers, and knows whom not to ask. Missing where every node is needed for a quorum. */
  readonly silence?: SilentNodes | undefined;
}
