import { NodeGuard } from '../../lib/core/node-guard';
import type { LockNode } from '../../lib/ports/lock-node.interface';
import { VirtualClock } from './virtual-clock';

/** The guard of a fleet of nodes that cannot tell of restarts. */
export function unguarded(nodes: readonly LockNode[]): NodeGuard {
  return new NodeGuard({
    nodes,
    clock: new VirtualClock(),
    restartGuard: false,
    guardMs: 60_000,
    onChange: () => undefined,
  });
}
