import type { GuardReason } from '../../core/node-guard';
import type { NodeMember, NodeMemory, NodeStatus, ServerProduct } from '../../ports/lock-node.interface';
import type { LockHolder } from '../../errors/lock-holder.interface';

/** Options of {@link LockService.inspect}. */
export interface InspectOptions {
  /**
   * Also tries whether each node would grant a lock now: takes one there for a moment, with a name of its own that
   * begins with the resource. A node that refuses has a `refusal`. For health checks: a read does not show that a
   * server is full or read-only.
   *
   * @default false
   */
  tryGrants?: boolean;

  /**
   * Also asks each node how full it is: one more command, `INFO memory` on Redis.
   *
   * @default false
   */
  memory?: boolean;
}

/** Who holds a resource, as the nodes told at one moment. It may have changed by the time you read it. */
export interface LockInspection {
  readonly resource: string;
  /**
   * - `held`: a majority of the nodes has the same owner, or the same reader, or the same holder of a permit
   * - `free`: a majority of the nodes has nobody
   * - `foreign`: a majority of the nodes has a key of another program there, of a type that no lock has; nobody gets
   *   the lock
   * - `contested`: none of these; several are trying, or a lock is partly gone
   * - `unknown`: fewer than a majority answered
   */
  readonly state: 'free' | 'held' | 'foreign' | 'contested' | 'unknown';
  /** How it is held. Undefined unless `held`. */
  readonly mode?: 'exclusive' | 'shared' | 'limited';
  /** The owner that a majority has, alone. Undefined unless `held`, and where readers or holders of permits have it. */
  readonly holder?: LockHolder;
  /** How long the holder keeps it if it is not extended, in milliseconds. Undefined without a `holder`. */
  readonly ttlMs?: number;
  /** The readers and the holders of permits that a majority has. Empty where it is held exclusively. */
  readonly holders: readonly HolderInspection[];
  /** The type of the key of another program, such as `hash`. Undefined unless `foreign`. */
  readonly foreignType?: string;
  /** How many wait in line for it, on the node that knows of most. Those of one process count as one. */
  readonly waiting: number;
  readonly nodes: readonly NodeInspection[];
}

/** A reader, or the holder of a permit. The readers of one process can be one. */
export interface HolderInspection extends LockHolder {
  /** How long a majority keeps it if it is not extended, in milliseconds. */
  readonly ttlMs: number;
  /** How many nodes have it. */
  readonly nodeCount: number;
  /** Which permit it has. Undefined for a reader. */
  readonly slot?: number;
}

/** One node's part of a {@link LockInspection}. */
export interface NodeInspection {
  readonly node: string;
  readonly status: NodeStatus;
  /** Undefined when nobody holds the resource exclusively on this node, or the node did not answer. */
  readonly ownerToken?: string;
  readonly ttlMs?: number;
  /** The readers and holders of permits there. Undefined when there are none. */
  readonly holders?: readonly NodeMember[];
  /** The type of a key of another program that is there in place of a lock, such as `hash`. */
  readonly foreignType?: string;
  /** How many wait in line there, if any do. */
  readonly waiting?: number;
  /**
   * What its server is, or those of a cluster, each product once; as it was last known, and undefined where it does not
   * tell.
   */
  readonly servers?: readonly ServerProduct[];
  /** Why the node must not grant now, and for how many milliseconds; undefined: it may. */
  readonly guarded?: { readonly reason: GuardReason; readonly forMs: number };
  /**
   * Why the node grants nothing at present, though it answers: its server refuses. Undefined: it did not, when it was
   * last asked.
   */
  readonly refusal?: Error;
  /**
   * How full the node is, in bytes. Undefined where nobody asked (`memory: true`), it has no limit, or it cannot tell.
   */
  readonly memory?: NodeMemory;
  /** Why the node did not answer. */
  readonly error?: Error;
}
