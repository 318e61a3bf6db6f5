import type { FencingSettings } from '../../lib/core/fencing';
import { SteadyClock } from '../../lib/system/system-clock';
import type { Randomness } from '../../lib/ports/randomness.interface';
import { LockEvents } from '../../lib/service/lock-events';
import { LockService } from '../../lib/service/lock.service';
import type { LockEvent } from '../../lib/locking/api/lock-event.interface';
import { LockManager } from '../../lib/locking/lock-manager';
import type { LockOptions } from '../../lib/locking/api/lock-options';
import { ownerTokenFactory } from '../../lib/locking/api/owner-token';
import { FaultyNode } from './faulty-node';
import { VirtualClock } from './virtual-clock';

/** As a service has it by default. */
export const FENCING: FencingSettings = { skewMs: 15_000, keepMs: 86_400_000 };

interface ProcessOptions {
  /** The nodes as this process reaches them. By default all processes share one way to each node, and its faults. */
  nodes?: readonly FaultyNode[];
  nodeTimeoutMs?: number;
  maxTtlMs?: number;
  defaults?: LockOptions;
  shutdownTimeoutMs?: number;
}

/** Faulty nodes on one virtual clock, and the processes that lock things on them. */
export class Fleet {
  readonly clock = new VirtualClock();
  readonly nodes: readonly FaultyNode[];
  readonly randomness: Randomness;
  private processes = 0;

  constructor(
    nodeCount: number,
    { tellsReleases = true, fraction = () => 0.5 }: { tellsReleases?: boolean; fraction?: () => number } = {},
  ) {
    this.nodes = Array.from(
      { length: nodeCount },
      (_, position) => new FaultyNode('abcdefg'.charAt(position), this.clock, tellsReleases),
    );
    let secrets = 0;
    this.randomness = { secret: () => `secret-${String(++secrets).padStart(15, '0')}`, fraction };
  }

  /** Another process with its own lines, locks and events. */
  process({
    nodes = this.nodes,
    nodeTimeoutMs = 500,
    maxTtlMs = 60_000,
    defaults = {},
    shutdownTimeoutMs = 10_000,
  }: ProcessOptions = {}) {
    const events: LockEvent[] = [];
    const told = new LockEvents();
    const pid = ++this.processes;
    const manager = new LockManager({
      nodes,
      clock: new SteadyClock(this.clock),
      wall: this.clock,
      randomness: this.randomness,
      newOwnerToken: ownerTokenFactory({ host: 'test', pid, serviceId: `p${pid}` }, this.randomness.secret),
      fencing: FENCING,
      restartGuard: 'observed',
      limits: { nodeTimeoutMs, maxTtlMs },
      defaults,
      audience: {
        isObserved: true,
        get isTraced() {
          return told.isTraced;
        },
      },
      emit: (event) => {
        events.push(event);
        told.emit(event);
      },
    });
    const service = new LockService(manager, told, () => manager.close(shutdownTimeoutMs));
    return { manager, service, events, eventTypes: () => events.map(({ type }) => type) };
  }

  /** Another way to all nodes, with faults of its own. */
  ways(): FaultyNode[] {
    return this.nodes.map((node) => {
      const way = new FaultyNode(node.name, this.clock);
      way.beSameServerAs(node);
      return way;
    });
  }

  node(position: number): FaultyNode {
    const node = this.nodes[position];
    if (node === undefined) throw new Error(`there is no node ${position}`);
    return node;
  }

  /** The owner token on each node; null where the resource is free. */
  async owners(resource: string): Promise<(string | null)[]> {
    const holds = await Promise.all(this.nodes.map((node) => node.owner(resource)));
    return holds.map((hold) => hold?.ownerToken ?? null);
  }
}
