import type { Clock } from '../ports/clock.interface';
import { Deadlines, type Limited } from './deadlines';
import type { FirstContact } from './first-contact';
import type { FailedVote, LockNode } from '../ports/lock-node.interface';
import type { Tally } from './quorum';

type Vote = { readonly kind: 'granted' | 'denied' } | FailedVote;

export interface AnswerListener {
  answered(position: number, vote: Vote): void;
}

/** A request to all nodes at once, and what its votes mean. */
export interface QuorumCall<V extends Vote> {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  /** The longest time to wait for a node's vote. */
  readonly timeoutMs: number;
  /**
   * Knows which nodes can be asked only after they have connected. Undefined: the round waits for no node to
   * connect.
   */
  readonly firstContact?: FirstContact | undefined;
  /** Hears of every answer. */
  readonly silence?: AnswerListener | undefined;
  /** Sends the request to one node. */
  ask(node: LockNode, vote: (vote: V | FailedVote) => void, position: number): void;
  /** Tells if the votes so far settle the round: the missing votes cannot change the result. */
  isSettled(tally: Tally): boolean;
  /** Receives every vote that comes after the round was settled, however late. */
  onLateVote(node: LockNode, vote: V | FailedVote, position: number): void;
  /** Receives every vote, in time or late. */
  onVote?(position: number, vote: V | FailedVote): void;
}

export interface RoundResult<V extends Vote> extends Tally {
  /** The votes by position of the node. Undefined: the round was settled without that vote. */
  readonly votes: readonly (V | FailedVote | undefined)[];
}

/**
 * Asks all nodes at the same time, and calls `settle` as soon as the votes settle the round. So it never waits for
 * the slowest node (R1). A node that has not answered by the deadline has failed, and its vote is a late one when
 * it comes (R5).
 *
 * @param settle is called before this function returns if in-process nodes settle the round at once
 * @param fail is called with what `settle` throws
 */
export function startRound<V extends Vote>(
  call: QuorumCall<V>,
  settle: (result: RoundResult<V>) => void,
  fail: (error: unknown) => void,
): void {
  new Round(call, settle, fail).start();
}

/** Like `startRound`, but returns a promise. An uncontended lock is faster without this promise. */
export function holdRound<V extends Vote>(call: QuorumCall<V>): Promise<RoundResult<V>> {
  return new Promise((resolve, reject) => {
    startRound(call, resolve, reject);
  });
}

class Round<V extends Vote> implements RoundResult<V>, Limited {
  readonly nodes: number;
  readonly votes: (V | FailedVote | undefined)[];
  granted = 0;
  denied = 0;
  failed = 0;

  private phase: 'asking' | 'waiting' | 'settled' = 'asking';
  /** The positions that have answered, one bit each. A second answer does not count. */
  private answered = 0;
  /** The nodes that are to be asked once they have connected, with a function that ends the waiting for each. */
  private unmet: Map<number, () => void> | undefined;
  private deadlines: Deadlines | undefined;
  dueAtMs = 0;
  before: Limited | undefined;
  behind: Limited | undefined;

  constructor(
    private readonly call: QuorumCall<V>,
    private readonly settle: (result: RoundResult<V>) => void,
    private readonly fail: (error: unknown) => void,
  ) {
    this.nodes = call.nodes.length;
    // The array gets its exact length: one that grows by `push` begins with room for 17.
    this.votes = call.nodes.map(undecided);
  }

  start(): void {
    const { nodes, clock, timeoutMs } = this.call;
    for (let position = 0; position < nodes.length; position++) this.askOne(position);
    // The round cannot be settled before every node was asked. A node in this process votes at once, and the other
    // nodes must get the request too.
    this.phase = 'waiting';
    if (this.settleIfDecided()) return;
    this.deadlines = Deadlines.of(clock);
    this.deadlines.add(this, timeoutMs);
  }

  onDeadline(): void {
    const withinMs = `within ${Math.round(this.call.timeoutMs)} ms`;
    const silent = new Error(`no answer ${withinMs}`);
    this.votes.forEach((vote, position) => {
      if (vote !== undefined) return;
      this.count(position, { kind: 'failed', error: this.unmetError(position, withinMs) ?? silent });
    });
    this.finish();
  }

  /** Why the node was not asked; undefined if it was. */
  private unmetError(position: number, withinMs: string): Error | undefined {
    const { firstContact, nodes } = this.call;
    if (!this.unmet?.has(position)) return undefined;
    return new Error(firstContact?.reasonNotAsked(nodes[position] as LockNode, withinMs));
  }

  private askOne(position: number): void {
    const { firstContact, nodes } = this.call;
    if (firstContact === undefined || firstContact.isOver) {
      this.askNow(position);
      return;
    }
    const stop = firstContact.whenMet(nodes[position] as LockNode, () => {
      this.unmet?.delete(position);
      this.askNow(position);
    });
    if (stop === undefined) this.askNow(position);
    else (this.unmet ??= new Map()).set(position, stop);
  }

  private askNow(position: number): void {
    const node = this.call.nodes[position] as LockNode;
    const vote = (vote: V | FailedVote) => {
      this.receive(position, vote);
    };
    try {
      this.call.ask(node, vote, position);
    } catch (error) {
      vote({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  private receive(position: number, given: V | FailedVote): void {
    if (this.answered & (1 << position)) return;
    this.answered |= 1 << position;
    const vote = isVote(given) ? given : UNUSABLE_VOTE;
    this.call.silence?.answered(position, vote);
    this.call.onVote?.(position, vote);
    if (this.phase === 'settled') {
      this.call.onLateVote(this.call.nodes[position] as LockNode, vote, position);
      return;
    }
    this.count(position, vote);
    this.settleIfDecided();
  }

  private count(position: number, vote: V | FailedVote): void {
    this.votes[position] = vote;
    if (vote.kind === 'granted') this.granted += 1;
    else if (vote.kind === 'denied') this.denied += 1;
    else this.failed += 1;
  }

  private settleIfDecided(): boolean {
    if (this.phase !== 'waiting') return false;
    const everyoneVoted = this.granted + this.denied + this.failed === this.nodes;
    if (!everyoneVoted && !this.call.isSettled(this)) return false;
    this.finish();
    return true;
  }

  private finish(): void {
    this.phase = 'settled';
    // Requests that were not sent until now are never sent, since nobody would count their votes.
    if (this.unmet !== undefined) for (const stop of this.unmet.values()) stop();
    this.deadlines?.remove(this);
    try {
      this.settle(this);
    } catch (error) {
      this.fail(error);
    }
  }
}

function undecided(): undefined {
  // The node has not voted yet.
}

const UNUSABLE_VOTE: FailedVote = {
  kind: 'failed',
  error: new Error('the node gave a vote of no known kind'),
};

/** Tells if a value is a vote. Users can write nodes, and a wrong value must not count as a vote. */
function isVote(vote: unknown): boolean {
  const kind = (vote as { kind?: unknown } | null | undefined)?.kind;
  return kind === 'granted' || kind === 'denied' || kind === 'failed';
}
