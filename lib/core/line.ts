import type { LineEntry, LinePlace, LockNode } from '../ports/lock-node.interface';
import { sharedIn, type LockKind } from './lock-kind';

/** A waiter refreshes its entries three times while they last, so that two may be lost. */
const BEATS = 3;

export interface LineSettings {
  readonly nodes: readonly LockNode[];
  /** How long a node keeps an entry that nobody refreshes. */
  readonly entryMs: number;
  /** Something that was never used before. */
  readonly newId: () => string;
}

/** Names that nobody else has: one secret for all of them, since each call that may stand in line needs one. */
export function idsFrom(newSecret: () => string): () => string {
  let secret: string | undefined;
  let count = 0;
  return () => (secret ??= newSecret()) + (count += 1).toString(36);
}

/** What an attempt that failed tells of the line. */
export interface LineNews {
  /** How many stand before the caller, as the leading node has it, or the first that told. */
  readonly ahead: number;
  /** The time of the leading node in microseconds, if it denied. */
  readonly leaderMicros: number | undefined;
}

/**
 * One waiter's place in the lines of its resources, on all nodes (R29).
 *
 * The line is advice: it can only turn a grant into a denial. So whatever is lost or late here costs somebody its place,
 * and nothing else.
 */
export class PlaceInLines {
  /** How many releases to let pass: those before us come first (R32). */
  ahead = 0;

  private readonly id: string;
  /** The time of the leading node when it denied first. Kept for the whole wait. */
  private ticket: number | undefined;
  /** A node may have an entry with it. */
  private mayBeEntered = false;
  /** When all nodes were asked last with the ticket; undefined: never, or it has left since. */
  private enteredAtMs: number | undefined;
  /** Fewer than a majority answered the last attempt. */
  private isFar = false;
  private isOver = false;

  constructor(
    private readonly settings: LineSettings,
    private readonly resources: readonly string[],
    private readonly kind: LockKind | undefined,
  ) {
    this.id = settings.newId();
  }

  /** For the next attempt. Whoever reaches no majority asks as a newcomer, and blocks nobody. */
  get entry(): LineEntry {
    const { entryMs } = this.settings;
    return this.isOver || this.isFar || this.ticket === undefined
      ? { ...this.place, entryMs }
      : { ...this.place, entryMs, ticket: this.ticket };
  }

  /**
   * What the clean-up of a failed attempt puts back, where a grant took the entry away (R30). Undefined when nobody waits
   * any more.
   */
  get entryToPutBack(): LineEntry | undefined {
    return this.isOver || this.isFar || !this.mayBeEntered ? undefined : this.entry;
  }

  /** It has a ticket that no node has seen: the next attempt enters it, and should not wait. */
  get isToBeEntered(): boolean {
    return this.ticket !== undefined && !this.mayBeEntered && !this.isFar;
  }

  /** The nodes were asked to enter it. */
  get isEntered(): boolean {
    return this.mayBeEntered;
  }

  /** It waits for the leading node to tell it the time. */
  get needsTicket(): boolean {
    return this.ticket === undefined;
  }

  /** Whether all nodes have to be asked now, so that they keep the entry. */
  isBeatDue(nowMs: number): boolean {
    return this.enteredAtMs !== undefined && nowMs - this.enteredAtMs >= this.settings.entryMs / BEATS;
  }

  /** An attempt begins. */
  asks(isAtAllNodes: boolean, nowMs: number): void {
    if (this.ticket === undefined || this.isFar) return;
    this.mayBeEntered = true;
    if (isAtAllNodes) this.enteredAtMs = nowMs;
  }

  /** @param fraction random, so that two waiters do not move in step and meet for ever */
  beatMs(fraction: number): number {
    return (this.settings.entryMs / BEATS) * (0.7 + 0.6 * fraction);
  }

  /** An attempt failed. */
  note(news: LineNews | undefined, isFar: boolean): void {
    if (isFar && !this.isFar) this.leave();
    this.isFar = isFar;
    if (news === undefined) return;
    this.ahead = news.ahead;
    this.ticket ??= news.leaderMicros;
  }

  /** The caller has what it waited for, or gave up: late clean-ups put nothing back. */
  end(isSpared?: (position: number) => boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.leave(isSpared);
  }

  /** Takes the entries away, and wakes those who stood behind them. */
  private leave(isSpared: (position: number) => boolean = nowhere): void {
    if (!this.mayBeEntered) return;
    this.mayBeEntered = false;
    this.enteredAtMs = undefined;
    const { resources, kind } = this;
    const shared = sharedIn(kind);
    // They are told of it as of a release: a token that was never told of before.
    const ownerToken = this.settings.newId();
    const request = { resources, shared, line: this.place, wakeWaiters: true, ownerToken };
    this.settings.nodes.forEach((node, position) => {
      if (!isSpared(position)) leaveOn(node, request);
    });
  }

  private get place(): LinePlace {
    const { id, kind } = this;
    return kind?.mode === 'limited' ? { id, permits: kind.permits, limit: kind.limit } : { id };
  }
}

/** Nodes can be written by users. What does not get through ends by itself. */
function leaveOn(node: LockNode, request: Parameters<NonNullable<LockNode['leave']>>[0]): void {
  try {
    node.leave?.(request, ignore);
  } catch {
    ignore();
  }
}

function nowhere(): boolean {
  return false;
}

function ignore(): void {
  // The entry ends by itself.
}
