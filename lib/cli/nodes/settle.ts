import type { NodeStatus, NodeStatusChange } from '../../ports/lock-node.interface';
import { systemClock } from '../../system/system-clock';

interface Settling {
  readonly status: NodeStatus;
  onStatus(listener: (change: NodeStatusChange) => void): () => void;
}

/** Waits until the node is up, or its first connection has failed; at most for `timeoutMs`. */
export function settle(node: Settling, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (node.status !== 'connecting') {
      resolve();
      return;
    }
    const done = () => {
      limit.cancel();
      stopListening();
      resolve();
    };
    const limit = systemClock.schedule(timeoutMs, done);
    const stopListening = node.onStatus(done);
  });
}
