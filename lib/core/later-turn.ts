import type { Clock } from '../ports/clock.interface';

/**
 * Resolves in a later turn of the event loop.
 *
 * While a node is not connected, it refuses at once. A caller that asks again and again, without a pause, would keep
 * the process from all else: from hearing that the nodes are back, from its timers and from its end. So a call that no
 * node answered, or that a closed lock service refuses, waits for this before it ends.
 */
export function laterTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.afterArrivedReplies(resolve);
  });
}
