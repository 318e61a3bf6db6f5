import { showAs } from '../errors/shown-as';
import type {
  LockNode,
  NodeHold,
  NodeMemory,
  NodeStatus,
  NodeStatusChange,
  ReleaseHandler,
  ReleaseSubscription,
} from '../ports/lock-node.interface';
import type { RequestOf, Vote } from '../ports/verbs';
import type { ListRequest, ListedPart } from '../ports/node-listing.interface';
import { systemClock } from '../system/system-clock';
import { callSafely } from './server/call-safely';
import { isForSets } from './request/batch-entry';
import { CommandBatch } from './request/command-batch';
import { EarlyPart } from './request/early-part';
import { BatchEncoder } from './request/encoded-batch';
import { groupBySlot, keySlot } from './script/key-slot';
import { PartedRequests } from './request/parted-requests';
import { RedisConnection } from './server/redis-connection';
import type { RedisNodeDescription } from './client/redis-node-description.interface';
import type { RedisLockNodeOptions } from './redis-lock-node-options';
import { RedisListing } from './request/redis-listing';
import { RedisRequests } from './request/redis-requests';
import { ReleaseChannel } from './release-channel';
import { ReleaseBacklog } from './request/release-backlog';
import { loadScripts } from './request/script-runner';
import { ASKS } from './script/batch-codes';
import { readMemory } from './server/server-memory';

/**
 * A Redis master as a lock node. A Redis Cluster or a Sentinel group counts as one node too.
 *
 * An exclusive lock is a plain string at `keyPrefix + resource`: the owner token, with an expiry (R17).
 */
export class RedisLockNode implements LockNode {
  readonly name: string;
  readonly sharing = true;

  private readonly keyPrefix: string;
  private readonly connection: RedisConnection;
  private readonly requests: RedisRequests;
  private readonly parts: PartedRequests;
  private readonly batch: CommandBatch;
  private readonly listing: RedisListing;
  private readonly channel: ReleaseChannel;
  private readonly backlog: ReleaseBacklog;
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();

  constructor(description: RedisNodeDescription, options: RedisLockNodeOptions = {}) {
    const {
      clock = systemClock,
      isOnly = false,
      keyPrefix = 'lock:',
      mostInFlight,
      clockBudgetMs,
      nodeTimeoutMs,
      maxTtlMs,
    } = options;
    const { database = 0 } = description;
    const { encoder = new BatchEncoder(keyPrefix, clock, database) } = options;
    this.name = description.name;
    this.keyPrefix = keyPrefix;
    this.backlog = new ReleaseBacklog(clock, {
      isUp: () => this.status === 'up',
      send: (request, vote) => {
        this.release(request, vote);
      },
    });
    this.connection = new RedisConnection({
      description,
      clock,
      mostInFlight,
      clockBudgetMs,
      nodeTimeoutMs,
      maxTtlMs,
      onServerReady: () => {
        this.backlog.sendAll();
      },
      onServerKnown: loadScripts,
      onStatus: (change) => {
        this.statusChanged(change);
      },
    });
    this.requests = new RedisRequests(this.connection, encoder, {
      askAlone: (entry) => {
        this.parts.ask(entry);
      },
      onFailedRelease: (request) => {
        if (this.status !== 'closed') this.backlog.add(request);
      },
    });
    this.listing = new RedisListing(this.connection, keyPrefix, clock, database);
    this.parts = new PartedRequests(this.requests, {
      keyPrefix,
      partsOf: (resources) => this.partsOf(resources),
      cleanUp: (request) => {
        this.release({ ...request, wakeWaiters: false }, ignore);
      },
    });
    this.channel = new ReleaseChannel(description, clock, keyPrefix, nodeTimeoutMs, (warning) => {
      // While the server is away, the other connection reports that, so this is no news.
      const isNews = this.status === 'up';
      if (isNews) this.statusChanged({ status: 'up', warning });
      return isNews;
    });
    const early = isOnly ? new EarlyPart(clock) : undefined;
    this.batch = new CommandBatch(this.requests, this.slotOf, () => this.connection.hasSlots, early);
  }

  get status(): NodeStatus {
    return this.connection.status;
  }

  acquire(request: RequestOf<'acquire'>, vote: Vote<'acquire'>): void {
    const { resources, askHolderTtl, replaces, fence } = request;
    const letter = fence === undefined ? ASKS.acquire : ASKS.acquireNumbered;
    // A batch answers with a letter, which has no room for a ttl.
    const fits =
      !askHolderTtl && (letter === ASKS.acquireNumbered || replaces === undefined) && !isForSets(request);
    if (fits && this.goTogether(resources)) {
      this.batch.add({ letter, request, vote });
    } else if (this.isSetOfOneServer(request)) {
      this.batch.add({ letter: 'sa', request, vote });
    } else {
      this.batch.addAlone(() => {
        this.parts.acquire(request, vote);
      });
    }
  }

  extend(request: RequestOf<'extend'>, vote: Vote<'extend'>): void {
    const letter = (request.replaces ?? '') === '' ? ASKS.extend : ASKS.takeOver;
    const { putsBack = true } = request;
    if (putsBack && this.goTogether(request.resources) && !isForSets(request))
      this.batch.add({ letter, request, vote });
    else if (this.isSetOfOneServer(request)) this.batch.add({ letter: 'se', request, vote });
    else {
      this.batch.addAlone(() => {
        this.parts.extend(request, vote);
      });
    }
  }

  raiseFence(request: RequestOf<'raiseFence'>, vote: Vote<'raiseFence'>): void {
    this.batch.addAlone(() => {
      this.parts.raiseFence(request, vote);
    });
  }

  release(request: RequestOf<'release'>, give: Vote<'release'>): void {
    this.channel.takeLeaveOf(request.resources);
    // A server of a cluster counts only those who listen at itself.
    const vote =
      this.connection.hasSlots && request.wakeWaiters
        ? (given: Parameters<typeof give>[0]) => {
            give(given.kind === 'granted' ? { ...given, mayBeMore: true } : given);
          }
        : give;
    if (this.goTogether(request.resources) && request.keepMs === undefined && !isForSets(request)) {
      const telling = this.connection.hasSlots ? ASKS.releaseAndTellAll : ASKS.releaseAndTell;
      this.batch.add({ letter: request.wakeWaiters ? telling : ASKS.release, request, vote });
    } else if (this.isSetOfOneServer(request)) {
      this.batch.add({ letter: 'sr', request, vote });
    } else {
      this.batch.addAlone(() => {
        this.parts.release(request, vote);
      });
    }
  }

  leave(request: RequestOf<'leave'>, vote: Vote<'leave'>): void {
    this.channel.takeLeaveOf(request.resources);
    if (!this.connection.hasSlots) {
      this.batch.add({ letter: 'sl', request, vote });
      return;
    }
    this.batch.addAlone(() => {
      this.parts.leave(request, vote);
    });
  }

  inspect(resource: string): Promise<NodeHold | null> {
    return new Promise((resolve, reject) => {
      this.batch.addAlone(() => {
        this.requests.inspect(this.keyPrefix + resource).then(resolve, reject);
      });
    });
  }

  async memory(): Promise<NodeMemory | null> {
    return this.status === 'up' ? readMemory(this.connection.client) : null;
  }

  list(request: ListRequest): Promise<ListedPart> {
    return this.listing.part(request);
  }

  onReleased(resource: string, wake: ReleaseHandler, inLineAs?: string): ReleaseSubscription {
    const key = this.keyPrefix + resource;
    // An id without the name of a process is called by nobody.
    return inLineAs?.includes('.')
      ? this.channel.listenForTurn(key, inLineAs, wake)
      : this.channel.listen(key, wake);
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  async close(): Promise<void> {
    // A caller that gave up in this tick has asked to remove what its attempt got, and its place in line.
    this.batch.sendNow();
    await Promise.all([this.connection.close(), this.channel.close()]);
    this.backlog.clear();
    this.statusListeners.clear();
  }

  private readonly slotOf = (request: { resources: readonly string[] }): number =>
    keySlot(this.keyPrefix + (request.resources[0] ?? ''));

  /** Tells if one command may have all of these resources. In a Cluster they may be at several servers. */
  private goTogether(resources: readonly string[]): boolean {
    return resources.length === 1 || !this.connection.hasSlots;
  }

  /**
   * Tells if the request is for readers, permits or the line, and one server has all keys. Then it goes into a
   * batch.
   */
  private isSetOfOneServer(request: Parameters<typeof isForSets>[0]): boolean {
    return !this.connection.hasSlots && isForSets(request);
  }

  private partsOf(resources: readonly string[]): string[][] {
    const keys = resources.map((resource) => this.keyPrefix + resource);
    return this.goTogether(keys) ? [keys] : groupBySlot(keys);
  }

  private statusChanged(change: NodeStatusChange): void {
    if (change.status === 'up') {
      // These releases leave before anything else on a new connection, so that they cannot undo a later request.
      this.backlog.sendAll();
      // A report about a clock does not tell which server answers.
      if ('servers' in change)
        this.channel.toldAt(
          this.connection.client.cluster === undefined ? (change.servers?.[0]?.runId ?? null) : null,
        );
    }
    for (const listener of [...this.statusListeners]) callSafely(listener, change);
  }
}

function ignore(): void {
  // A release that fails stays in the backlog until its ttl is over.
}

showAs(RedisLockNode.prototype, 'RedisLockNode', ({ name, status }) => ({ name, status }));
