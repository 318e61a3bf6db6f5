import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  LeaveRequest,
  LeaveVote,
  LockNode,
  NodeHold,
  NodeStatus,
  NodeStatusChange,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseRequest,
  ReleaseSubscription,
  ReleaseVote,
  ServerFacts,
} from '../../lib/ports/lock-node.interface';
import { groupBySlot } from '../../lib/redis/request/key-slot';
import { PartedRequests } from '../../lib/redis/request/parted-requests';
import type { RedisRequests } from '../../lib/redis/request/redis-requests';
import { Link } from './link';
import type { SimulatedClient } from './simulated-client';
import type { SimulatedCluster } from './simulated-cluster';
import type { World } from './world';

/**
 * The way from one client to a cluster: one to each of its masters. Requests are parted and their votes put together by the
 * code of the library that does so for a Redis Cluster.
 */
export class ClusterLink implements LockNode {
  readonly sharing = true;
  readonly links: readonly Link[];

  private readonly parts: PartedRequests;
  private readonly facts = new Map<Link, readonly ServerFacts[]>();
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();
  private isClosed = false;

  constructor(
    readonly name: string,
    private readonly world: World,
    client: SimulatedClient,
    readonly node: SimulatedCluster,
    delayMs: () => number,
  ) {
    this.links = node.masters.map((master) => new Link(master.name, world, client, master, delayMs));
    for (const link of this.links) {
      link.onStatus((change) => {
        this.hear(link, change);
      });
    }
    this.parts = new PartedRequests(this.requests as unknown as RedisRequests, {
      keyPrefix: '',
      partsOf: (resources) => groupBySlot(resources),
      giveBack: (request) => {
        this.release({ ...request, wakeWaiters: false }, ignore);
      },
    });
  }

  /** While a master has never been met, nobody knows who all of them are. */
  get status(): NodeStatus {
    if (this.isClosed) return 'closed';
    const statuses = this.links.map(({ status }) => status);
    if (this.isAcquainted) return statuses.includes('up') ? 'up' : 'down';
    return statuses.includes('down') ? 'down' : 'connecting';
  }

  get subscriptions(): number {
    return this.links.reduce((sum, link) => sum + link.subscriptions, 0);
  }

  get listeners(): number {
    return this.statusListeners.size;
  }

  /** The way to the master that a fault hits. */
  part(index = 0): Link {
    return this.links[index % this.links.length] as Link;
  }

  beConnected(): void {
    for (const link of this.links) link.beConnected();
  }

  connect(): void {
    for (const link of this.links) link.connect();
  }

  break(lateMs: number | null): void {
    for (const link of this.links) link.break(lateMs);
  }

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    if (request.resources.length > 1) this.world.count('several masters');
    this.parts.acquire(request, vote);
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    this.parts.extend(request, vote);
  }

  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void {
    this.parts.raiseFence(request, vote);
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    this.parts.release(request, vote);
  }

  leave(request: LeaveRequest, vote: (vote: LeaveVote) => void): void {
    this.parts.leave(request, vote);
  }

  inspect(resource: string): Promise<NodeHold | null> {
    return this.linkOf([resource]).inspect(resource);
  }

  onReleased(resource: string, wake: (released?: string) => void, inLineAs?: string): ReleaseSubscription {
    return this.linkOf([resource]).onReleased(resource, wake, inLineAs);
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.links.map((link) => link.close()));
  }

  /** One part goes to the master that has its slot. */
  private readonly requests = {
    acquire: (keys: readonly string[], request: AcquireRequest, vote: (vote: AcquireVote) => void) => {
      this.linkOf(keys).acquire(partOf(request, keys), vote);
    },
    extend: (keys: readonly string[], request: ExtendRequest, vote: (vote: ExtendVote) => void) => {
      this.linkOf(keys).extend(partOf(request, keys), vote);
    },
    raiseFence: (
      keys: readonly string[],
      request: RaiseFenceRequest,
      vote: (vote: RaiseFenceVote) => void,
    ) => {
      this.linkOf(keys).raiseFence(partOf(request, keys), vote);
    },
    release: (keys: readonly string[], request: ReleaseRequest, vote: (vote: ReleaseVote) => void) => {
      this.linkOf(keys).release(partOf(request, keys), vote);
    },
    leave: (keys: readonly string[], request: LeaveRequest, vote: (vote: LeaveVote) => void) => {
      this.linkOf(keys).leave(partOf(request, keys), vote);
    },
  };

  private linkOf([resource = '']: readonly string[]): Link {
    return this.part(this.node.indexOf(resource));
  }

  private get isAcquainted(): boolean {
    return this.facts.size === this.links.length;
  }

  /** One master more or less makes no difference to whether the cluster is there; another one in its place does. */
  private hear(link: Link, change: NodeStatusChange): void {
    if (this.isClosed) return;
    if (change.status === 'up' && change.servers !== undefined) this.facts.set(link, change.servers);
    const { status } = this;
    const servers =
      change.servers !== undefined && this.isAcquainted ? [...this.facts.values()].flat() : undefined;
    const isStatusOfAll = status === change.status;
    if (!isStatusOfAll && servers === undefined) return;
    const { clockAheadMs, error } = change;
    const told: NodeStatusChange = {
      status,
      ...(servers && { servers }),
      ...(clockAheadMs !== undefined && { clockAheadMs }),
    };
    for (const listener of [...this.statusListeners])
      listener(error && status !== 'up' ? { ...told, error } : told);
  }
}

function partOf<R extends { readonly resources: readonly string[]; readonly shared?: readonly string[] }>(
  request: R,
  keys: readonly string[],
): R {
  const { shared } = request;
  if (shared === undefined) return { ...request, resources: keys };
  return { ...request, resources: keys, shared: shared.filter((resource) => keys.includes(resource)) };
}

function ignore(): void {
  // As in the node for Redis: what fails is in the backlog.
}
