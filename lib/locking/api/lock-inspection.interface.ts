import type { GuardReason } from '../../core/node-guard';
import type { NodeMemory, NodeStatus, ServerProduct } from '../../ports/lock-node.interface';
import type { LockHolder } from '../../errors/lock-holder.interface';

/** Options of {@link LockService.inspect}. */
export interface InspectOptions {
  /**
   * Asks each node also whether it would grant a lock now, by taking one there for a moment, with a name of its own that
   * begins with the resource. A node that would not has a `refusal`. For health checks: to read tells nothing of a server
   * that is full, or that may not be written to.
   *
   * @default false
   */
  tryGrants?: boolean;

  /**
   * Asks each node also how full it is: one more command, `INFO memory` on Redis.
   *
   * @default false
   */
  memory?: boolean;
}

/** Who holds a resource, as the nodes told at one moment. It may have changed by the time you read it. */
export interface LockInspection {
  readonly resource: string;
  /**
   * - `held`: a majority of the nodes has the same owner
   * - `free`: a majority of the nodes has no owner
   * - `contested`: neither; several are trying, or a lock is partly gone
   * - `unknown`: fewer than a majority answered
   */
  readonly state: 'free' | 'held' | 'contested' | 'unknown';
  /** The owner that a majority has. Undefined unless `held`. */
  readonly holder?: LockHolder;
  /** How long the holder keeps it if it is not extended, in milliseconds. Undefined unless `held`. */
  readonly ttlMs?: number;
  readonly nodes: readonly NodeInspection[];
}

/** One node's part of a {@link LockInspection}. */
export interface NodeInspection {
  readonly node: string;
  readonly status: NodeStatus;
  /** Undefined when the resource is free on this node, or the node did not answer. */
  readonly ownerToken?: string;
  readonly ttlMs?: number;
  /** What its server is, or those of a cluster, each product once; as it was last known, and undefined where it does not tell. */
  readonly servers?: readonly ServerProduct[];
  /** Why the node must not grant now, and for how many milliseconds; undefined: it may. */
  readonly guarded?: { readonly reason: GuardReason; readonly forMs: number };
  /** Why the node grants nothing at present, though it answers: its server refuses. Undefined: it did not, when it was last asked. */
  readonly refusal?: Error;
  /**
   * How full the node is, in bytes. Undefined where nobody asked (`memory: true`), it has no limit, or it cannot tell.
   */
  readonly memory?: NodeMemory;
  /** Why the node did not answer. */
  readonly error?: Error;
}
