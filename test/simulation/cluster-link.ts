import type {
  LockNode,
  NodeHold,
  NodeStatus,
  NodeStatusChange,
  ReleaseSubscription,
  ServerFacts,
} from '../../lib/ports/lock-node.interface';
import { ForwardingVoter, type RequestOf, type Verb, type Vote, type Voter } from '../../lib/ports/verbs';
import { groupBySlot } from '../../lib/redis/script/key-slot';
import { type KeyedVoter, PartedRequests } from '../../lib/redis/request/parted-requests';
import { Link } from './link';
import type { SimulatedClient } from './simulated-client';
import type { SimulatedCluster } from './simulated-cluster';
import type { World } from './world';

/**
 * The way from one client to a cluster: one to each of its masters. Requests are parted and their votes put together by the
 * code of the library that does so for a Redis Cluster.
 */
export class ClusterLink extends ForwardingVoter implements LockNode {
  readonly sharing = true;
  readonly links: readonly Link[];

  private readonly parts: PartedRequests;
  /** The masters of the resources, as the client knows them. */
  private readonly places = new Map<string, number>();
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
    super();
    this.links = node.masters.map((master) => new Link(master.name, world, client, master, delayMs));
    for (const link of this.links) {
      link.onStatus((change) => {
        this.hear(link, change);
      });
    }
    this.parts = new PartedRequests(this.requests, {
      keyPrefix: '',
      partsOf: (resources) => groupBySlot(resources),
      cleanUp: (request) => {
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

  protected override forward<V extends Verb>(verb: V, request: RequestOf<V>, vote: Vote<V>): void {
    if (verb === 'acquire' && request.resources.length > 1) this.world.count('several masters');
    (this.parts as Voter)[verb](request, vote);
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
  private readonly requests = Object.fromEntries(
    VERBS.map((verb) => [
      verb,
      (keys: readonly string[], request: RequestOf<Verb>, vote: never) => {
        (this.linkOf(keys) as Voter)[verb](
          partOf(request, keys) as never,
          ((answer: never) => {
            this.learnWhereIs(keys);
            (vote as (vote: never) => void)(answer);
          }) as never,
        );
      },
    ]),
  ) as unknown as KeyedVoter;

  private linkOf([resource = '']: readonly string[]): Link {
    return this.part(this.places.get(resource) ?? this.node.indexOf(resource));
  }

  /** A client learns that a slot has moved when it is sent on. */
  private learnWhereIs([resource = '']: readonly string[]): void {
    this.places.set(resource, this.node.indexOf(resource));
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

const VERBS: readonly Verb[] = ['acquire', 'extend', 'raiseFence', 'release', 'leave'];

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
