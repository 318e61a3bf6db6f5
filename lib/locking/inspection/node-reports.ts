import type { Clock } from '../../ports/clock.interface';
import type { LockNode, NodeStatus, NodeStatusChange, ServerFacts } from '../../ports/lock-node.interface';
import { productsOf } from '../api/server-products';
import type { Guarded, RestartGuard } from '../../core/node-guard';
import type { LockEvent, NodeWarning } from '../api/lock-event.interface';

/** Reports events of the nodes. */
export class NodeReports {
  private readonly stops: readonly (() => void)[];
  private readonly warned = new Set<string>();

  constructor(
    private readonly settings: {
      readonly nodes: readonly LockNode[];
      readonly clock: Clock;
      readonly restartGuard: RestartGuard;
      readonly emit: (event: LockEvent) => void;
    },
  ) {
    this.stops = settings.nodes.map((node) => {
      let last: NodeStatus = node.status;
      let lastReason: string | undefined;
      return node.onStatus((change) => {
        const reason = change.status === 'down' ? change.error?.message : undefined;
        // A node that stays down may have found out why.
        const isNewReason = reason !== undefined && reason !== lastReason;
        if (change.status !== last || isNewReason) this.statusChanged(node.name, change);
        last = change.status;
        lastReason = reason;
        for (const server of change.servers ?? []) this.warnAbout(node.name, server);
        if (change.warning !== undefined)
          this.warnOnce(node.name, change.warning.kind, change.warning.message);
      });
    });
  }

  readonly guardChanged = (node: LockNode, guarded: Guarded | null): void => {
    const { emit, clock } = this.settings;
    if (guarded === null) emit({ type: 'node-trusted', node: node.name });
    else {
      const forMs = guarded.untilMs - clock.now();
      emit({ type: 'node-guarded', node: node.name, reason: guarded.reason, forMs });
    }
  };

  readonly refusalChanged = (node: LockNode, error: Error | null): void => {
    const { emit } = this.settings;
    if (error === null) emit({ type: 'node-granting', node: node.name });
    else emit({ type: 'node-refusing', node: node.name, error });
  };

  stop(): void {
    for (const stop of this.stops) stop();
  }

  private statusChanged(node: string, { status, error, servers }: NodeStatusChange): void {
    const products = productsOf(servers);
    const known = products === undefined ? {} : { servers: products };
    if (status === 'up') this.settings.emit({ type: 'node-up', node, ...known });
    if (status === 'down') this.settings.emit({ type: 'node-down', node, error });
  }

  /** Warns once for each node, however often it connects. */
  private warnAbout(node: string, { evicts, persists, isOneOfCluster }: ServerFacts): void {
    if (evicts !== undefined) {
      const message = `may remove locks when its memory is full (maxmemory-policy ${evicts}). Set noeviction.`;
      this.warnOnce(node, 'eviction', message);
    }
    if (isOneOfCluster === true) {
      const message =
        'belongs to a Redis Cluster, and is given as if it were alone: it takes only locks whose slots it has. Give the cluster as one node: new Cluster([…]) of ioredis.';
      this.warnOnce(node, 'cluster', message);
    }
    if (persists === false && this.settings.restartGuard === false) {
      const message =
        'forgets its locks in a restart, and nothing guards against it. Set a restartGuard, or appendonly yes and appendfsync always.';
      this.warnOnce(node, 'no-persistence', message);
    }
  }

  private warnOnce(node: string, warning: NodeWarning, message: string): void {
    const key = `${warning} ${node}`;
    if (this.warned.has(key)) return;
    this.warned.add(key);
    this.settings.emit({ type: 'node-warning', node, warning, message: `${node} ${message}` });
  }
}
