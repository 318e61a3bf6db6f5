import type { Clock, Timer } from '../ports/clock.interface';
import type { LockNode } from '../ports/lock-node.interface';
import type { NodeGuard } from './node-guard';
import { NOT_ASKED, SILENT } from './votes-in-place';
import { quorumOf } from './quorum';

/** How often it is looked at who answers. */
const LOOKS_IN_NODE_TIMEOUT = 50;
const SHORTEST_LOOK_MS = 1;

/** After so many looks without an answer a node is silent; a far one gets twice as many more as it needs as a rule. */
const LEAST_LOOKS = 3;
/** A node that stood still for long is not far. */
const MOST_USUAL = 10;

/** How often a silent node is asked whether it is there, in looks. */
const PROBE_EVERY = LOOKS_IN_NODE_TIMEOUT;

/** No resource has to have this name: nothing is written. */
export const PROBE = 'nestjs-redlock:probe';

export interface SilentNodesSettings {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly nodeTimeoutMs: number;
  readonly guard: NodeGuard;
}

/** What the votes of one node look like. */
interface Seen {
  /** It was asked something since its last answer. */
  owes: boolean;
  /** It answered since the last look. */
  hasAnswered: boolean;
  /** At so many looks in a row it owed an answer, and had given none since the look before. */
  quiet: number;
  /** How many these are as a rule: more for a node that is far away. */
  usual: number;
  isSilent: boolean;
  /** Looks until it is asked whether it is there. */
  probeIn: number;
}

/**
 * Knows which nodes are silent while the others answer (R36). Attempts do not ask these: each request to a node that stands
 * still is kept in memory until it answers, and whoever needs its vote waits for the whole node timeout.
 *
 * Only while the others that answer are a majority: else every vote counts, and every node is asked. No clock is read per
 * request: a look now and then compares what was asked and what was answered, after all replies that have arrived (R5).
 */
export class SilentNodes {
  private readonly seen: readonly Seen[];
  private readonly lookMs: number;
  private timer: Timer | undefined;
  private isStopped = false;
  /** How many are silent. */
  private silent = 0;

  constructor(private readonly settings: SilentNodesSettings) {
    this.seen = settings.nodes.map(() => ({
      owes: false,
      hasAnswered: false,
      quiet: 0,
      usual: 0,
      isSilent: false,
      probeIn: 0,
    }));
    this.lookMs = Math.max(SHORTEST_LOOK_MS, settings.nodeTimeoutMs / LOOKS_IN_NODE_TIMEOUT);
  }

  /** The node at `position` was asked. */
  asked(position: number): void {
    const seen = this.seen[position];
    if (seen === undefined) return;
    seen.owes = true;
    if (this.timer === undefined) this.lookLater();
  }

  /** The node at `position` gave `vote`, or it was given on its behalf. */
  answered(position: number, vote: { readonly kind: string }): void {
    if (vote !== NOT_ASKED && vote !== SILENT) this.hear(position);
  }

  /** Whether the node at `position` is not to be asked now. */
  skips(position: number): boolean {
    if (this.silent === 0 || this.seen[position]?.isSilent !== true) return false;
    return this.settings.nodes[position]?.status === 'up' && this.areEnough(this.isThere);
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private hear(position: number): void {
    const seen = this.seen[position];
    if (seen === undefined) return;
    seen.owes = false;
    seen.hasAnswered = true;
    if (seen.isSilent) this.forget(seen);
  }

  private forget(seen: Seen): void {
    seen.isSilent = false;
    this.silent -= 1;
  }

  private lookLater(): void {
    if (this.isStopped) return;
    const { clock } = this.settings;
    this.timer = clock.schedule(
      this.lookMs,
      () => {
        // An event loop that was blocked runs its timers before it reads its sockets (R5).
        clock.afterArrivedReplies(this.look);
      },
      { background: true },
    );
  }

  private readonly look = (): void => {
    this.timer = undefined;
    this.seen.forEach((seen, position) => {
      this.count(seen, this.settings.nodes[position] as LockNode);
    });
    this.judge();
    if (this.silent > 0 || this.seen.some(({ owes }) => owes)) this.lookLater();
  };

  private count(seen: Seen, { status }: LockNode): void {
    if (status !== 'up') {
      // It says so at once when it is asked.
      if (seen.isSilent) this.forget(seen);
      seen.owes = false;
      seen.quiet = 0;
    } else if (seen.hasAnswered) {
      seen.usual = Math.max(Math.min(seen.quiet, MOST_USUAL), seen.usual - 1);
      seen.quiet = 0;
    } else if (seen.owes) {
      seen.quiet += 1;
      // Nobody waits for that answer any more. It is not silent, so too few of the others answer, either: every node is
      // asked by the next attempt.
      if (!seen.isSilent && seen.quiet > LOOKS_IN_NODE_TIMEOUT) {
        seen.owes = false;
        seen.quiet = 0;
      }
    }
    seen.hasAnswered = false;
  }

  private judge(): void {
    if (!this.areEnough(this.mayAnswer)) {
      for (const seen of this.seen) if (seen.isSilent) this.forget(seen);
      return;
    }
    // One that owes an answer for a moment does not tell that the others are not silent; but it does not tell that they are.
    const areAnswering = this.areEnough(this.isAnswering);
    this.seen.forEach((seen, position) => {
      if (!seen.isSilent) {
        if (!areAnswering || !isTooQuiet(seen)) return;
        seen.isSilent = true;
        seen.probeIn = 0;
        this.silent += 1;
      }
      if (seen.probeIn > 0) seen.probeIn -= 1;
      else {
        seen.probeIn = PROBE_EVERY;
        this.probe(position);
      }
    });
  }

  /** What it was asked before is answered as a rule when it goes on; but a node can be written by users. */
  private probe(position: number): void {
    const hear = () => {
      this.hear(position);
    };
    try {
      this.settings.nodes[position]?.inspect(PROBE).then(hear, hear);
    } catch {
      // It is as silent as before.
    }
  }

  /** Whether so many nodes are like this that nobody else is needed for a quorum. */
  private areEnough(isSuch: (node: LockNode, seen: Seen) => boolean): boolean {
    const { nodes } = this.settings;
    let count = 0;
    nodes.forEach((node, position) => {
      if (isSuch(node, this.seen[position] as Seen)) count += 1;
    });
    return count >= quorumOf(nodes.length);
  }

  private readonly isThere = (node: LockNode, { isSilent }: Seen): boolean => {
    const { guard } = this.settings;
    return !isSilent && node.status === 'up' && (guard.isIdle || guard.reasonFor(node) === undefined);
  };

  private readonly mayAnswer = (node: LockNode, seen: Seen): boolean =>
    !isTooQuiet(seen) && this.isThere(node, seen);

  private readonly isAnswering = (node: LockNode, seen: Seen): boolean =>
    seen.quiet === 0 && this.isThere(node, seen);
}

function isTooQuiet({ quiet, usual }: Seen): boolean {
  return quiet >= LEAST_LOOKS + 2 * usual;
}
