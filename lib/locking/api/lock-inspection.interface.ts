import type { GuardReason } from '../../core/node-guard';
import type { NodeMember, NodeMemory, NodeStatus, ServerProduct } from '../../ports/lock-node.interface';
import type { LockHolder } from '../../errors/lock-holder.interface';

/** Options of {@link LockService.inspect}. */
export interface InspectOptions {
  /**
   * Also tries if each node would grant a lock now. For this it takes a lock there for a moment, under a name of
   * its own that begins with the resource. A node that refuses has a `refusal`. Use it for health checks: a read
   * does not show that a server is full or read-only.
   *
   * @default false
   */
  tryGrants?: boolean | undefined;

  /**
   * Also asks each node how full it is. That costs one more command, `INFO memory` on Redis.
   *
   * @default false
   */
  memory?: boolean | undefined;
}

/** The holders of a resource, as the nodes told at one moment. They may have changed by the time you read this. */
export interface LockInspection {
  readonly resource: string;
  /**
   * - `held`: a majority of the nodes has the same owner, or the same reader, or the same holder of a permit
   * - `free`: on a majority of the nodes nobody holds it
   * - `foreign`: a majority of the nodes has a key of another program there, of a type that no lock has; nobody
   *   gets the lock
   * - `contested`: none of these; several callers are trying, or a part of a lock is gone
   * - `unknown`: fewer than a majority answered
   */
  readonly state: 'free' | 'held' | 'foreign' | 'contested' | 'unknown';
  /** The mode in which it is held. Undefined unless `held`. */
  readonly mode?: 'exclusive' | 'shared' | 'limited';
  /** The exclusive owner on a majority. Undefined unless `held`, and if readers or holders of permits have it. */
  readonly holder?: LockHolder;
  /** The time in milliseconds for which the holder keeps it if it is not extended. Undefined without a `holder`. */
  readonly ttlMs?: number;
  /** The readers and the holders of permits on a majority. Empty if it is held exclusively. */
  readonly holders: readonly HolderInspection[];
  /** The type of the key of another program, such as `hash`. Undefined unless `foreign`. */
  readonly foreignType?: string;
  /**
   * The number of callers in the line for it, on the node that knows of most. The callers of one process count as
   * one.
   */
  readonly waiting: number;
  readonly nodes: readonly NodeInspection[];
}

/** A reader, or the holder of a permit. The readers of one process can be one reader here. */
export interface HolderInspection extends LockHolder {
  /** The time in milliseconds for which a majority keeps it if it is not extended. */
  readonly ttlMs: number;
  /** The number of nodes that have it. */
  readonly nodeCount: number;
  /** The number of its permit. Undefined for a reader. */
  readonly slot?: number;
}

/** One node's part of a {@link LockInspection}. */
export interface NodeInspection {
  readonly node: string;
  readonly status: NodeStatus;
  /** The exclusive owner on this node. Undefined if there is none, or if the node did not answer. */
  readonly ownerToken?: string;
  readonly ttlMs?: number;
  /** The readers and holders of permits on this node. Undefined if there are none. */
  readonly holders?: readonly NodeMember[];
  /** The type of a key of another program that is there in place of a lock, such as `hash`. */
  readonly foreignType?: string;
  /** The number of callers in the line there, if there are any. */
  readonly waiting?: number;
  /** The products of its servers, each once, as they were last known. Undefined if they are unknown. */
  readonly servers?: readonly ServerProduct[];
  /** The reason why the node must not grant now, and for how many milliseconds. Undefined: it may grant. */
  readonly guarded?: { readonly reason: GuardReason; readonly forMs: number };
  /**
   * The error with which the server refuses to grant, or to release what it granted, although it answers.
   * Undefined: it did not refuse when it was last asked.
   */
  readonly refusal?: Error;
  /**
   * The memory of the node in bytes. Undefined if nobody asked (`memory: true`), if it has no limit, or if the
   * node cannot tell.
   */
  readonly memory?: NodeMemory;
  /** The reason why the node did not answer. */
  readonly error?: Error;
}

/** Options of `forceRelease`. */
export interface ForceReleaseOptions {
  /**
   * Removes only the lock of this owner, for example that of a ticket which nobody will resume. A later owner
   * keeps the lock.
   *
   * @default whatever the nodes have
   */
  ownerToken?: string | undefined;
}
