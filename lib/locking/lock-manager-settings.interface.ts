import type { Clock } from '../ports/clock.interface';
import type { FencingSettings } from '../core/fencing';
import type { LockNode } from '../ports/lock-node.interface';
import type { RestartGuard } from '../core/node-guard';
import type { Randomness } from '../ports/randomness.interface';
import type { LockLimits } from './checks/complete-lock-options';
import type { LockEvent } from './api/lock-event.interface';
import type { LockOptions } from './api/lock-options';

export interface LockManagerSettings {
  readonly nodes: readonly LockNode[];
  /** Measures how long locks are held: a {@link SteadyClock}, where the wall clock may be set back. */
  readonly clock: Clock;
  /**
   * The wall clock as other machines may compare it, for fencing tokens.
   *
   * @default clock
   */
  readonly wall?: Pick<Clock, 'wallNow'> | undefined;
  readonly randomness: Randomness;
  readonly newOwnerToken: (label?: string) => string;
  readonly fencing: FencingSettings;
  readonly restartGuard: RestartGuard;
  readonly limits: LockLimits;
  readonly defaults: LockOptions;
  /** Must not throw. */
  readonly emit: (event: LockEvent) => void;
  /** Whether anybody listens: events of locks that nobody hears are not made. */
  readonly isObserved: () => boolean;
  /** Whether somebody who listens needs the async context of the call that an event is about. */
  readonly isTraced: () => boolean;
}
