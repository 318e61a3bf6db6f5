import type { NodeTrouble, ServerProduct } from '../../ports/lock-node.interface';
import type { GuardReason } from '../../core/node-guard';
import type { BusyReason } from '../../errors/lock-busy.error';
import type { LockHolder } from '../../errors/lock-holder.interface';
import type { LockLostError } from '../../errors/lock-lost.error';
import type { Lock, ReleaseOutcome } from './lock.interface';

interface AboutResources {
  readonly resources: readonly string[];
}

interface AboutHold extends AboutResources {
  readonly ownerToken: string;
  /** The name that the holder gives itself, for people. Undefined without the option `label`. */
  readonly label: string | undefined;
  /** The mode in which the lock is held. */
  readonly mode: Lock['mode'];
  /** The numbers of its permits. Empty without a `limit`. */
  readonly slots: readonly number[];
}

/** An event of locks or nodes, for logs and metrics. Durations are in milliseconds. */
export type LockEvent =
  | (AboutHold & {
      readonly type: 'acquired';
      /**
       * True if a reader joined a lease that its process had already, so that no node was asked; see
       * `LockOptions.mode`.
       */
      readonly joined?: true;
      /**
       * True if another caller held the resource first, or was earlier in the line. Undefined: the call waited
       * only for the nodes.
       */
      readonly contended?: true;
      readonly fencingToken: number | undefined;
      readonly waitedMs: number;
      readonly validityMs: number;
    })
  /** A caller gave up waiting since somebody else held the resource all the time. */
  | (AboutResources & {
      readonly type: 'busy';
      readonly waitedMs: number;
      /** The holder, if it is known; see `LockBusyError`. */
      readonly holder: LockHolder | undefined;
      /** The last thing that was in the way; see `LockBusyError`. */
      readonly reason: BusyReason;
    })
  /** A caller gave up since too few nodes answered. */
  | (AboutResources & { readonly type: 'unavailable'; readonly waitedMs: number })
  | (AboutHold & { readonly type: 'extended'; readonly validityMs: number })
  | (AboutHold & { readonly type: 'lost'; readonly error: LockLostError; readonly heldMs: number })
  /** `validityMs`: when the release began, the lock would have been ours for this much longer. */
  | (AboutHold & {
      readonly type: 'released';
      readonly outcome: ReleaseOutcome;
      readonly heldMs: number;
      readonly validityMs: number;
    })
  /** The holder left the lock to the process that resumes its ticket. */
  | (AboutHold & { readonly type: 'detached'; readonly heldMs: number; readonly validityMs: number })
  /** A lock that was detached is held here from now on. */
  | (AboutHold & {
      readonly type: 'resumed';
      readonly fencingToken: number | undefined;
      readonly waitedMs: number;
      readonly validityMs: number;
    })
  /** An operator has taken a lock away from its holder, on this many nodes; see `forceRelease`. */
  | (AboutResources & { readonly type: 'force-released'; readonly nodeCount: number })
  /** `servers`: the products that answer, where they tell. */
  | { readonly type: 'node-up'; readonly node: string; readonly servers?: readonly ServerProduct[] }
  /** It comes again while the node is down, when a later try to connect finds out another reason. */
  | { readonly type: 'node-down'; readonly node: string; readonly error?: Error }
  /**
   * The node may have forgotten locks, and does not grant for this long. Infinity: until the configuration is
   * changed.
   */
  | {
      readonly type: 'node-guarded';
      readonly node: string;
      readonly reason: GuardReason;
      readonly forMs: number;
    }
  /** The node may grant again. */
  | { readonly type: 'node-trusted'; readonly node: string }
  /**
   * The node answers, and refuses to grant, or to release what it granted: for example it is full, has too few
   * replicas, or is read-only.
   */
  | { readonly type: 'node-refusing'; readonly node: string; readonly error: Error }
  /** The node does not refuse any more, or it is down. */
  | { readonly type: 'node-granting'; readonly node: string }
  /** The settings of the server put locks at risk. */
  | {
      readonly type: 'node-warning';
      readonly node: string;
      readonly warning: NodeWarning;
      readonly message: string;
    };

/**
 * A problem with the settings of a node:
 * - `eviction`: the server may remove locks when its memory is full
 * - `no-persistence`: the server forgets locks in a restart, and no restart guard is on
 * - `cluster`: it is one server of a Redis Cluster, and cannot take the locks that belong to the others
 * - `unknown-server`: the server does not say who it is, so nobody can tell if it was restarted
 * - `deaf`: this process hears of no releases on it, so waiters poll
 */
export type NodeWarning = 'eviction' | 'no-persistence' | 'cluster' | NodeTrouble['kind'];

/** Who hears the events of a lock service at this moment. */
export interface Audience {
  /** True if somebody listens. Events of locks that nobody hears are not made. */
  readonly isObserved: boolean;
  /** True if a listener needs the async context of the call that an event is about. */
  readonly isTraced: boolean;
}
