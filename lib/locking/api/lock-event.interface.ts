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
  /** The holder's name for people, if it has one. */
  readonly label: string | undefined;
  /** How it is held. */
  readonly mode: Lock['mode'];
  /** The permits that it has; empty without a `limit`. */
  readonly slots: readonly number[];
}

/** What happens to locks and nodes, for logs and metrics. Durations are in milliseconds. */
export type LockEvent =
  | (AboutHold & {
      readonly type: 'acquired';
      /** A reader joined a lease that its process had already, and asked no node; see `LockOptions.mode`. */
      readonly joined?: true;
      /**
       * Another caller held the resource first, or was earlier in line. Undefined: `waitedMs` is the time of the nodes.
       */
      readonly contended?: true;
      readonly fencingToken: number | undefined;
      readonly waitedMs: number;
      readonly validityMs: number;
    })
  /** A caller gave up waiting because somebody else held the resource all the time. */
  | (AboutResources & {
      readonly type: 'busy';
      readonly waitedMs: number;
      /** Who held it, if that is known; see `LockBusyError`. */
      readonly holder: LockHolder | undefined;
      /** What was in the way at last; see `LockBusyError`. */
      readonly reason: BusyReason;
    })
  /** A caller gave up because too few nodes answered. */
  | (AboutResources & { readonly type: 'unavailable'; readonly waitedMs: number })
  | (AboutHold & { readonly type: 'extended'; readonly validityMs: number })
  | (AboutHold & { readonly type: 'lost'; readonly error: LockLostError; readonly heldMs: number })
  /** `validityMs`: for how much longer it would have been ours when its release began. */
  | (AboutHold & {
      readonly type: 'released';
      readonly outcome: ReleaseOutcome;
      readonly heldMs: number;
      readonly validityMs: number;
    })
  /** Its holder left it to whoever resumes its ticket. */
  | (AboutHold & { readonly type: 'detached'; readonly heldMs: number; readonly validityMs: number })
  /** A lock that was detached is held here from now on. */
  | (AboutHold & {
      readonly type: 'resumed';
      readonly fencingToken: number | undefined;
      readonly waitedMs: number;
      readonly validityMs: number;
    })
  /** An operator has taken a lock away from its holder, on so many nodes; see `forceRelease`. */
  | (AboutResources & { readonly type: 'force-released'; readonly nodeCount: number })
  /** `servers`: what they are, where they tell. */
  | { readonly type: 'node-up'; readonly node: string; readonly servers?: readonly ServerProduct[] }
  | { readonly type: 'node-down'; readonly node: string; readonly error?: Error }
  /**
   * The node may have forgotten locks, and does not grant for so long; Infinity: for as long as it is misconfigured.
   */
  | {
      readonly type: 'node-guarded';
      readonly node: string;
      readonly reason: GuardReason;
      readonly forMs: number;
    }
  /** The node may grant again. */
  | { readonly type: 'node-trusted'; readonly node: string }
  /** The node answers, and refuses to grant: it is full, has too few replicas, is read-only, … */
  | { readonly type: 'node-refusing'; readonly node: string; readonly error: Error }
  /** The node does not refuse any more, or is down. */
  | { readonly type: 'node-granting'; readonly node: string }
  /** The server is set up so that locks are at risk. */
  | {
      readonly type: 'node-warning';
      readonly node: string;
      readonly warning: NodeWarning;
      readonly message: string;
    };

/**
 * What is wrong with the settings of a node:
 * - `eviction`: the server may remove locks when its memory is full
 * - `no-persistence`: the server forgets locks in a restart, and no restart guard is on
 * - `cluster`: it is one server of a Redis Cluster, and cannot take the locks that belong to the others
 * - `unknown-server`: the server does not say who it is, so nobody can tell whether it was restarted
 * - `deaf`: this process hears of no releases there, so waiters poll
 */
export type NodeWarning = 'eviction' | 'no-persistence' | 'cluster' | NodeTrouble['kind'];
