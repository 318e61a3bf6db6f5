/**
 * One history, written down before it is run: who asks for what, and what goes wrong. Delays on the way come from
 * `seed`. Times are true time in milliseconds unless they say otherwise. It is plain JSON, so it can be kept.
 */
export interface Plan {
  readonly seed: number;
  readonly kind: PlanKind;
  readonly nodes: readonly NodePlan[];
  readonly clients: readonly ClientPlan[];
  readonly calls: readonly Call[];
  /** As all clients have it; missing: false. */
  readonly restartGuard?: 'observed' | 'strict' | false;
  readonly faults: readonly Fault[];
  /** From here on nothing goes wrong any more: the network heals, nodes go on, clients run. */
  readonly healAtMs: number;
}

/**
 * - `calm`: nothing goes wrong
 * - `slow`: stalls, pauses and slow connections; no message is lost
 * - `rough`: all of that, and connections break, nodes restart with their data, clients crash
 * - `asleep`: as rough, and machines are suspended, so only their wall clock goes on; some were set back a second before
 * - `forced`: calm, and an operator deletes keys
 * - `handed`: a crowd hands one resource on, each with a ttl of its own, and clients lose the way to all nodes at once, or
 *   an operator deletes its key
 * - `numbered`: an operator deletes keys while locks are being numbered, by clients whose clocks are off
 * - `twice`: slow, with connections that break, and one server is listed as two nodes
 * - `wiped`: as rough, and nodes restart without data. Clients guard against it: with `strict` any nodes may restart, and
 *   clients be replaced; with `observed` either no client is replaced, or only a minority of the nodes restarts
 * - `skewed`: the clocks of a minority of the nodes are far too fast, and clients are there for long enough to notice
 * - `astray`: the clocks of a minority of the nodes are far ahead from the beginning, and the other nodes restart without
 *   data. Locks have fencing tokens, and clients guard as with `observed`
 * - `jumping`: clocks of nodes jump ahead, connections break and nodes restart. Locks have fencing tokens, so that every
 *   grant tells the time of its node, over a network that is faster than the jumps are long
 * - `unseen`: as jumping, but grants do not tell the time. Two holders are possible until the next look at the clock;
 *   promised is that fencing tokens tell them apart
 * - `committed`: as rough, and most callers have something that ends after their task, such as a commit
 * - `passed`: as rough, and most callers leave their lock to another client, which may come too late
 * - `left`: as slow, and most callers leave their lock to another client
 * - `full`: as slow, and nodes have no room for a time: they refuse to grant, and go on to answer everything else
 * - `turns`: as rough or forced, and the callers of a process have one lease, one after another
 * - `shared`: as wiped, with readers, permits and callers in line
 * - `opened`: as forced, with readers, permits and callers in line; some of the keys are deleted by `forceRelease`, and some
 *   of these for one holder only
 * - `deployed`: as rough, and the limit of a resource becomes another one, process by process
 * - `renumbered`: as wiped, with permits that have fencing tokens, for longer than a guard lasts
 * - `clustered`: as wiped, and some nodes are clusters whose masters fail one by one, with readers and permits as well.
 *   Slots go from one master to another while they are used, and the clocks of masters differ
 * - `queued`: calm, and a crowd in line that is served in order: exclusively, as readers, with permits and different limits;
 *   newcomers that look at no line come by
 * - `forgetful`: as wiped, but without a guard; not promised to hold
 * - `rebooted`: as wiped with `observed`, but all nodes restart within a moment, and clients are replaced; not promised
 */
export type PlanKind =
  | 'calm'
  | 'slow'
  | 'rough'
  | 'asleep'
  | 'forced'
  | 'handed'
  | 'numbered'
  | 'twice'
  | 'wiped'
  | 'skewed'
  | 'astray'
  | 'jumping'
  | 'unseen'
  | 'committed'
  | 'passed'
  | 'left'
  | 'full'
  | 'turns'
  | 'shared'
  | 'opened'
  | 'deployed'
  | 'renumbered'
  | 'queued'
  | 'clustered'
  | 'forgetful'
  | 'rebooted';

export interface NodePlan {
  /** How much faster than true time its clock runs, as a fraction. */
  readonly drift: number;
  /** By how much its clock differs from true time; missing: 0. */
  readonly offMs?: number;
  /** It is a cluster of so many; missing: 1, a server. */
  readonly masters?: number;
  /** By how much the clock of each of its masters is ahead of that of the one before it; missing: 0. */
  readonly apartMs?: number;
  /** It is the server of this earlier node. */
  readonly sameAs?: number;
}

export interface ClientPlan {
  readonly drift: number;
  /** By how much its wall clock differs from true time; missing: 0. */
  readonly offMs?: number;
  /** Timers come up to this late. */
  readonly timerLagMs: number;
  /** The way to each node, in one direction. */
  readonly links: readonly { readonly baseMs: number; readonly jitterMs: number }[];
  /** How often it pauses between two requests of one turn (a garbage collection), and for how long at most. */
  readonly pauseChance: number;
  readonly pauseMs: number;
}

/** One caller. Durations are on the clock of its client. */
export interface Call {
  readonly atMs: number;
  readonly client: number;
  readonly style: 'acquire' | 'withLock';
  readonly resources: readonly string[];
  readonly ttl: number;
  /** null: for ever. */
  readonly wait: number | null;
  readonly autoExtend: boolean;
  readonly fencing?: boolean;
  readonly maxHold?: number;
  readonly holdAtLeast?: number;
  /** Those of the resources that are only read. */
  readonly shared?: readonly string[];
  readonly limit?: number;
  readonly permits?: number;
  readonly fair?: boolean;
  /** How long the task takes. */
  readonly holdMs: number;
  /** `lock.holdUntil(promise)`, of one that settles so long after the task. */
  readonly commitMs?: number;
  /** After the task another client goes on with the lock, so much later. */
  readonly passMs?: number;
  /** The task ends at the signal. */
  readonly obeys: boolean;
  /** The caller stops waiting after this time. */
  readonly abortAfterMs?: number;
  /** `lock.extend(ttl)` so long after the lock was taken. */
  readonly extensions?: readonly { readonly afterMs: number; readonly ttl: number }[];
}

export type Fault =
  /** The event loop is blocked. */
  | { readonly what: 'stall'; readonly atMs: number; readonly client: number; readonly ms: number }
  /** The machine sleeps: the wall clock goes on, the monotonic one does not. */
  | { readonly what: 'suspend'; readonly atMs: number; readonly client: number; readonly ms: number }
  /** Somebody sets the wall clock. */
  | { readonly what: 'set-wall'; readonly atMs: number; readonly client: number; readonly ms: number }
  /** The process is killed; another one takes its place. */
  | { readonly what: 'crash'; readonly atMs: number; readonly client: number }
  | { readonly what: 'close'; readonly atMs: number; readonly client: number; readonly timeoutMs: number }
  /** Between one client and one node. `lateMs`: what was written before arrives so much later; null: never. */
  | (LinkFault & { readonly what: 'cut'; readonly lateMs: number | null })
  /** Requests vanish, and then the connection breaks. */
  | (LinkFault & { readonly what: 'deaf' })
  /** Replies vanish, and then the connection breaks. */
  | (LinkFault & { readonly what: 'mute' })
  | (LinkFault & { readonly what: 'slow'; readonly byMs: number })
  /** Requests are refused at once, on a connection that works: too many wait for an answer. */
  | (LinkFault & { readonly what: 'overload' })
  | (NodeFault & { readonly what: 'pause' })
  /** It refuses to grant, and answers everything else. */
  | (NodeFault & { readonly what: 'fill' })
  | (NodeFault & { readonly what: 'restart' })
  | (NodeFault & { readonly what: 'wipe' })
  /** The clock of a node jumps ahead. After `ms` somebody sets it right; missing: nobody does. */
  | {
      readonly what: 'jump';
      readonly atMs: number;
      readonly node: number;
      readonly master?: number;
      readonly byMs: number;
      readonly ms?: number;
    }
  /** In a cluster, the slot of a resource goes with its keys to another of the masters. */
  | {
      readonly what: 'move';
      readonly atMs: number;
      readonly node: number;
      readonly resource: string;
      /** The master that gets it. */
      readonly to: number;
    }
  /** An operator deletes the key on all nodes. */
  | {
      readonly what: 'force';
      readonly atMs: number;
      readonly resource: string;
      /** By `forceRelease` of this client; missing: the key goes at all nodes at once. */
      readonly through?: number;
      /** One of the holders alone, at this place among all of them, from 0 to 1. */
      readonly whose?: number;
    };

interface NodeFault {
  readonly atMs: number;
  readonly node: number;
  /** The master, if the node is a cluster. */
  readonly master?: number;
  readonly ms: number;
}

interface LinkFault {
  readonly atMs: number;
  readonly client: number;
  readonly node: number;
  /** The master, if the node is a cluster. */
  readonly master?: number;
  readonly ms: number;
}

export const NODE_TIMEOUT_MS = 50;
export const LONGEST_TTL_MS = 3_000;

/** Kinds under which everything must hold. */
export const PROMISED: readonly PlanKind[] = [
  ...[
    'calm',
    'slow',
    'rough',
    'asleep',
    'forced',
    'handed',
    'numbered',
    'twice',
    'wiped',
    'skewed',
    'astray',
    'jumping',
    'unseen',
    'committed',
    'passed',
    'left',
    'full',
    'turns',
    'shared',
    'opened',
    'deployed',
    'renumbered',
    'queued',
    'clustered',
  ],
] as PlanKind[];

/** Kinds with clocks that jump. */
export function isJumpy({ kind }: Plan): boolean {
  return kind === 'jumping' || kind === 'unseen';
}

/**
 * For so long after all faults a key of somebody who crashed may be in the way, or a node be guarded; and then it takes a
 * waiter up to 500 ms to ask again.
 */
export const QUIET_AFTER_MS = LONGEST_TTL_MS * 1.02 + 750;
