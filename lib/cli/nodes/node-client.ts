import type { NodeStatus, NodeStatusChange } from '../../ports/lock-node.interface';
import type { ListedNode } from '../../locking/inspection/find-locks';
import { RedisListing } from '../../redis/request/redis-listing';
import { RedisConnection } from '../../redis/server/redis-connection';
import type { RedisNodeDescription } from '../../redis/client/redis-node-description.interface';
import { RedisNodeError } from '../../redis/client/redis-node-error';
import type { Server, ServerClient } from '../../redis/client/server-client.interface';
import { systemClock } from '../../system/system-clock';
import { settle } from './settle';

/** A plain connection to one node, for questions that a lock node does not answer: its keys, and its state. */
export class NodeClient {
  readonly name: string;
  private readonly connection: RedisConnection;
  private readonly database: number | undefined;
  private readonly listeners = new Set<(change: NodeStatusChange) => void>();
  /** True if the node is one server of a Redis Cluster, and has only a part of the keys. */
  isOneOfCluster = false;

  constructor(
    description: RedisNodeDescription,
    readonly timeoutMs: number,
  ) {
    this.database = description.database;
    this.name = description.name;
    this.connection = new RedisConnection({
      description,
      clock: systemClock,
      takesReplicas: true,
      onServerReady: () => {
        // Nothing has to be prepared.
      },
      onStatus: (change) => {
        if (change.servers?.some(({ isOneOfCluster }) => isOneOfCluster)) this.isOneOfCluster = true;
        for (const listener of [...this.listeners]) listener(change);
      },
    });
  }

  get status(): NodeStatus {
    return this.connection.status;
  }

  get client(): ServerClient {
    return this.connection.client;
  }

  get isCluster(): boolean {
    return this.client.cluster !== undefined;
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The servers that have the keys: the server itself, or the masters of a cluster. */
  get masters(): readonly Server[] {
    return this.client.masters();
  }

  /** Lists what the node has below a prefix. */
  listing(keyPrefix: string): ListedNode {
    const listing = new RedisListing(this.connection, keyPrefix, systemClock, this.database);
    return { name: this.name, list: (request) => listing.part(request) };
  }

  /** Waits until the node can be asked, or has failed. */
  settle(): Promise<void> {
    return settle(this, this.timeoutMs);
  }

  /** Asks one question. Rejects with a RedisNodeError without secrets, also if no answer comes in time. */
  ask<T>(question: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const limit = systemClock.schedule(this.timeoutMs, () => {
        reject(new RedisNodeError(`no answer within ${this.timeoutMs} ms`, 'TIMEOUT'));
      });
      this.connection.ask({
        send: question,
        onReply: (reply) => {
          limit.cancel();
          resolve(reply as T);
        },
        onError: (error) => {
          limit.cancel();
          reject(error);
        },
      });
    });
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

/** Opens all nodes, waits until each is up or has failed, and closes them when `use` is done. */
export async function withNodeClients<T>(
  descriptions: readonly RedisNodeDescription[],
  timeoutMs: number,
  use: (nodes: readonly NodeClient[]) => Promise<T>,
): Promise<T> {
  const nodes = descriptions.map((description) => new NodeClient(description, timeoutMs));
  try {
    await Promise.all(nodes.map((node) => node.settle()));
    return await use(nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}
