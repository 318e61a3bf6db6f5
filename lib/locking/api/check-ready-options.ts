import { checkEachLockOption } from './check-lock-options';
import type { LockOptions } from './lock-options';
import { readOptions } from '../../errors/read-options';

/** Options of {@link LockService.ready}. */
export interface ReadyOptions {
  /**
   * The longest time to wait for a majority of the nodes, in milliseconds. 0: one look, which takes at most
   * `nodeTimeout`. Infinity: for ever.
   *
   * @default 5_000
   */
  wait?: number | undefined;

  /** Cancels the waiting: `ready` rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

const DEFAULT_WAIT_MS = 5_000;

/** @throws LockOptionsError */
export function checkReadyOptions(given: ReadyOptions | undefined): {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
} {
  if (given === undefined) return { waitMs: DEFAULT_WAIT_MS, signal: undefined };
  const options = readOptions(given, READY_OPTIONS, {
    name: 'options',
    what: ' of wait and signal',
    each: 'an option of ready()',
  });
  // These options have the same rules as those of a lock.
  const { wait = DEFAULT_WAIT_MS, signal } = checkEachLockOption(options);
  return { waitMs: wait, signal };
}

const READY_OPTIONS = ['wait', 'signal'] as const satisfies (keyof ReadyOptions & keyof LockOptions)[];
