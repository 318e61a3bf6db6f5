import type { Clock } from '../ports/clock.interface';

/**
 * Resolves in a later turn of the event loop.
 *
 * Some calls end without a reply from outside of the process: a caller of the same process holds the lock, a node is
 * not connected, the lock is over, or the nodes are in the process. A caller that asked again and again without a pause
 * would keep the process from all else: from the holder that is to release the lock, from hearing that the nodes are
 * back, from its timers and from its end. So a call whose answer may be another one later waits for this before it ends.
 */
export function laterTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.inLaterTurn(resolve);
  });
}
