import type { Clock, Timer } from '../ports/clock.interface';
import type { FailedVote, LockNode } from '../ports/lock-node.interface';
import type { NodeGuard } from './node-guard';
import { quorumOf } from './quorum';
import type { Refusals } from './refusals';

/** The number of looks within a node timeout. A look compares which nodes owe an answer. */
const LOOKS_IN_NODE_TIMEOUT = 50;
const SHORTEST_LOOK_MS = 1;

/**
 * After this many looks without an answer a node is silent. A node that is far away gets twice the number of looks
 * that it usually needs in addition.
 */
const LEAST_LOOKS = 3;
/**
 * The largest number of looks that counts as usual. A node that did not answer for longer is not far away: it
 * stood still.
 */
const MOST_USUAL = 10;

/** A silent node is probed once in this many looks. */
const PROBE_EVERY = LOOKS_IN_NODE_TIMEOUT;

/** The name that a probe inspects. It need not exist, and nothing is written. */
export const PROBE = 'nestjs-redlock:probe';

export interface SilentNodesSettings {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly nodeTimeoutMs: number;
  readonly guard: NodeGuard;
  readonly refusals: Refusals;
}

/** What is known of the answers of one node. */
interface Seen {
  /** True if it was asked something since its last answer. */
  owes: boolean;
  /** True if it has answered since the last look. */
  hasAnswered: boolean;
  /** The number of looks in a row at which it owed an answer and had given none since the look before. */
  quiet: number;
  /** The usual number of such looks. It is larger for a node that is far away. */
  usual: number;
  isSilent: boolean;
  /** The number of looks until the next probe. */
  probeIn: number;
}

/**
 * Knows which nodes are silent while the others answer (R36). Attempts do not ask silent nodes: each request to a
 * node that stands still stays in memory until it answers, and a caller that needs its vote waits for the whole
 * node timeout.
 *
 * Nodes are left out only while the others that answer, and do not refuse to grant, are a majority. Else every vote
 * counts, and every node is asked. No request reads a clock: a look now and then compares what was asked with what was
 * answered, after all replies that have arrived (R5).
 */
export class SilentNodes {
  private readonly seen: readonly Seen[];
  private readonly lookMs: number;
  private timer: Timer | undefined;
  private isStopped = false;

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

  /** Notes that the node at `position` was asked. */
  asked(position: number): void {
    const seen = this.seen[position];
    if (seen === undefined) return;
    seen.owes = true;
    if (this.timer === undefined) this.lookLater();
  }

  /** Notes that the node at `position` gave `vote`, or that `vote` was given in its place. */
  answered(position: number, vote: { readonly kind: string }): void {
    if (vote !== NOT_ASKED && vote !== SILENT) this.hear(position);
  }

  /** Tells if the node at `position` is not to be asked now. */
  skips(position: number): boolean {
    if (this.seen[position]?.isSilent !== true) return false;
    return this.settings.nodes[position]?.status === 'up' && this.areEnough(this.isThere);
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  private hear(position: number): void {
    const seen = this.seen[position];
    if (seen === undefined) return;
    seen.owes = false;
    seen.hasAnswered = true;
    seen.isSilent = false;
  }

  private lookLater(): void {
    if (this.isStopped) return;
    const { clock } = this.settings;
    this.timer = clock.schedule(
      this.lookMs,
      () => {
        // A blocked event loop runs its timers before it reads its sockets. So arrived replies come first (R5).
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
    // A silent node owes an answer too.
    if (this.seen.some(({ owes }) => owes)) this.lookLater();
  };

  private count(seen: Seen, { status }: LockNode): void {
    if (status !== 'up') {
      // A node that is down says so at once when it is asked.
      seen.isSilent = false;
      seen.owes = false;
      seen.quiet = 0;
    } else if (seen.hasAnswered) {
      seen.usual = Math.max(Math.min(seen.quiet, MOST_USUAL), seen.usual - 1);
      seen.quiet = 0;
    } else if (seen.owes) {
      seen.quiet += 1;
      // Nobody waits for that answer any more. The node is not silent, since too few of the others answer, either.
      // So the next attempt asks every node again.
      if (!seen.isSilent && seen.quiet > LOOKS_IN_NODE_TIMEOUT) {
        seen.owes = false;
        seen.quiet = 0;
      }
    }
    seen.hasAnswered = false;
  }

  private judge(): void {
    if (!this.areEnough(this.mayAnswer)) {
      for (const seen of this.seen) seen.isSilent = false;
      return;
    }
    // A node that has owed an answer only for a moment counts neither way: it does not end the silence of others,
    // and others do not become silent because of it.
    const areAnswering = this.areEnough(this.isAnswering);
    this.seen.forEach((seen, position) => {
      if (!seen.isSilent) {
        if (!areAnswering || !isTooQuiet(seen)) return;
        seen.isSilent = true;
        seen.probeIn = 0;
      }
      if (seen.probeIn > 0) seen.probeIn -= 1;
      else {
        seen.probeIn = PROBE_EVERY;
        this.probe(position);
      }
    });
  }

  /**
   * Asks if the node is there. A node that goes on usually answers its old requests too, but a node that a user
   * wrote may not.
   */
  private probe(position: number): void {
    const hear = () => {
      this.hear(position);
    };
    try {
      this.settings.nodes[position]?.inspect(PROBE).then(hear, hear);
    } catch {
      // The probe failed, so the node is as silent as before.
    }
  }

  /** Tells if the nodes of this kind are enough for a quorum. */
  private areEnough(isSuch: (node: LockNode, seen: Seen) => boolean): boolean {
    const { nodes } = this.settings;
    let count = 0;
    nodes.forEach((node, position) => {
      if (isSuch(node, this.seen[position] as Seen)) count += 1;
    });
    return count >= quorumOf(nodes.length);
  }

  private readonly isThere = (node: LockNode, { isSilent }: Seen): boolean => {
    const { guard, refusals } = this.settings;
    return (
      !isSilent &&
      node.status === 'up' &&
      (guard.isIdle || guard.reasonFor(node) === undefined) &&
      refusals.errorFor(node) === undefined
    );
  };

  private readonly mayAnswer = (node: LockNode, seen: Seen): boolean =>
    !isTooQuiet(seen) && this.isThere(node, seen);

  private readonly isAnswering = (node: LockNode, seen: Seen): boolean =>
    seen.quiet === 0 && this.isThere(node, seen);
}

function isTooQuiet({ quiet, usual }: Seen): boolean {
  return quiet >= LEAST_LOOKS + 2 * usual;
}

/** Stands for the vote of a node that need not be asked, since it has nothing. */
export const NOT_ASKED = { kind: 'denied' } as const;

/** Stands for the vote of a silent node. */
export const SILENT: FailedVote = {
  kind: 'failed',
  error: new Error('silent while the other nodes answer; it is asked again when it answers too'),
};
