import type { Clock } from '../ports/clock.interface';
import type { FencingSettings } from '../core/fencing';
import type { LockNode } from '../ports/lock-node.interface';
import type { RestartGuard } from '../core/node-guard';
import type { Randomness } from '../ports/randomness.interface';
import type { LockLimits } from './api/complete-lock-options';
import type { Audience, LockEvent } from './api/lock-event.interface';
import type { LockOptions } from './api/lock-options';

export interface LockManagerSettings {
  readonly nodes: readonly LockNode[];
  /** The clock that measures how long locks are held: a {@link SteadyClock}, if the wall clock may be set back. */
  readonly clock: Clock;
  /**
   * The wall clock for fencing tokens, which other machines compare.
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
  /** Reports an event. It must not throw. */
  readonly emit: (event: LockEvent) => void;
  readonly audience: Audience;
}
