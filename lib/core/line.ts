import type { LeaveRequest, LineEntry, LinePlace, LockNode } from '../ports/lock-node.interface';
import { sharedIn, type LockKind } from '../ports/lock-kind';

/**
 * A waiter refreshes its entries this many times while they last. So an entry stays even if two refreshes are
 * lost.
 */
const BEATS = 3;

export interface LineSettings {
  readonly nodes: readonly LockNode[];
  /** The time for which a node keeps an entry that nobody refreshes. */
  readonly entryMs: number;
  /** Makes an id that was never used before. */
  readonly newId: () => string;
}

/** Makes ids that nobody else has. They share one secret, since each call that may stand in line needs an id. */
export function idsFrom(newSecret: () => string): () => string {
  let secret: string | undefined;
  let count = 0;
  return () => `${(secret ??= newSecret())}.${(count += 1).toString(36)}`;
}

/** The place in the line, as a failed attempt learned it. */
export interface LineNews {
  /** The number of callers before this one, as the leading node or the first node that told has it. */
  readonly ahead: number;
  /** The time of the leading node in microseconds, if it told. */
  readonly leaderMicros: number | undefined;
}

/**
 * One waiter's place in the lines of its resources, on all nodes (R29).
 *
 * The line is advice: it can only turn a grant into a denial. So an entry that is lost or late costs somebody a
 * place, and nothing else.
 */
export class PlaceInLines {
  /** The number of releases to let pass, since other callers come first (R32). */
  ahead = 0;
  /** Called when the leading node tells its time after the attempt was decided. */
  onTicket: (() => void) | undefined;
  /** Called when a node turns out to have granted the last attempt, after others had denied and so decided it. */
  onLateGrant: (() => void) | undefined;

  private ownId: string | undefined;
  private attempts = 0;
  /** The owner tokens of the last attempt, and of the one before it. */
  private lastToken: string | undefined;
  private tokenBefore: string | undefined;
  /** The time of the leading node when the caller began to wait, or when its first attempt failed. */
  private ticket: number | undefined;
  /** True if a node may have an entry with this ticket. */
  private mayBeEntered = false;
  /**
   * The time at which all nodes were last asked with the ticket. Undefined: never, or the caller has left the line
   * since.
   */
  private enteredAtMs: number | undefined;
  /** True if fewer than a majority of the nodes answered the last attempt. */
  private isFar = false;
  private isOver = false;

  constructor(
    private readonly settings: LineSettings,
    private readonly resources: readonly string[],
    private readonly kind: LockKind | undefined,
  ) {}

  /** The name of the place, in all of its lines. Most callers stand in none. */
  get id(): string {
    return (this.ownId ??= this.settings.newId());
  }

  /**
   * The place that the next attempt sends. A caller that reaches no majority asks as a newcomer, so that it blocks
   * nobody.
   */
  get entry(): LineEntry {
    const { entryMs } = this.settings;
    // No node has its name, and none is going to keep it.
    if (this.ownId === undefined && this.ticket === undefined && this.kind?.mode !== 'limited')
      return newcomer(entryMs);
    return this.isOver || this.isFar || this.ticket === undefined
      ? { ...this.place, entryMs }
      : { ...this.place, entryMs, ticket: this.ticket };
  }

  /**
   * The entry that the clean-up of a failed attempt puts back where a grant took it away (R30). Undefined if nobody
   * waits any more, or if a later attempt has begun. The node has that one's request already, and may have granted
   * it: an entry that is put back after this grant would stand in everybody's way.
   *
   * @param attempt the number that {@link asks} gave the failed attempt
   */
  entryToPutBack(attempt: number): LineEntry | undefined {
    const isLate = attempt !== this.attempts;
    return isLate || this.isOver || !this.mayBeEntered ? undefined : this.entry;
  }

  /**
   * True if it has a ticket that no node has seen. Then the next attempt should not wait, since it makes the
   * entry.
   */
  get isToBeEntered(): boolean {
    return this.ticket !== undefined && !this.mayBeEntered && !this.isFar;
  }

  /**
   * Sets the ticket before the first attempt, which enters the lines with it.
   *
   * @param ticket what the leading node would tell at a denial
   */
  begin(ticket: number): void {
    this.ticket ??= ticket;
  }

  /** True if the nodes were asked to make an entry. */
  get isEntered(): boolean {
    return this.mayBeEntered;
  }

  /** True as long as nobody was asked. */
  get isNew(): boolean {
    return this.attempts === 0;
  }

  /** True while the leading node has not told its time yet. */
  get needsTicket(): boolean {
    return this.ticket === undefined;
  }

  /** True if the caller does not wait any more. */
  get isEnded(): boolean {
    return this.isOver;
  }

  /** True if all nodes have to be asked now, so that they keep the entry. */
  isBeatDue(nowMs: number): boolean {
    return this.enteredAtMs !== undefined && nowMs - this.enteredAtMs >= this.settings.entryMs / BEATS;
  }

  /**
   * Notes that an attempt begins.
   *
   * @returns the number of the attempt
   */
  asks(isAtAllNodes: boolean, nowMs: number, ownerToken: string): number {
    this.attempts += 1;
    this.tokenBefore = this.lastToken;
    this.lastToken = ownerToken;
    if (this.ticket !== undefined && !this.isFar) {
      this.mayBeEntered = true;
      if (isAtAllNodes) this.enteredAtMs = nowMs;
    }
    return this.attempts;
  }

  /**
   * True if the token is that of a recent attempt of this caller. A node may have granted it late, and has not been
   * asked yet to release it when the next attempt comes.
   */
  isOwn(ownerToken: string): boolean {
    return ownerToken === this.lastToken || ownerToken === this.tokenBefore;
  }

  /**
   * The time between two refreshes.
   *
   * @param fraction a random number from 0 to 1, so that two waiters do not refresh at the same moments for ever
   */
  beatMs(fraction: number): number {
    return (this.settings.entryMs / BEATS) * (0.7 + 0.6 * fraction);
  }

  /**
   * True if the next attempt has to ask all nodes:
   *
   * - The caller has a ticket with which some nodes were not asked yet. They would let others pass it, and a majority of
   *   them would go on giving readers leases while a writer waits.
   * - The caller has left the line, and comes back as soon as a majority answers. Whoever leaves wakes others, so two
   *   callers that left and came back again and again would not stop.
   */
  get mustAskAll(): boolean {
    return this.isFar || (this.ticket !== undefined && this.enteredAtMs === undefined);
  }

  /**
   * Notes that an attempt failed.
   *
   * @param isFar undefined if only the leading node was asked
   */
  note(news: LineNews | undefined, isFar: boolean | undefined): void {
    if (isFar === true) this.leave();
    this.isFar = isFar ?? this.isFar;
    if (news === undefined) return;
    this.ahead = news.ahead;
    this.takeTicket(news.leaderMicros);
  }

  /** Notes the time of the leading node, which answered after the attempt was decided. */
  noteLate(leaderMicros: number | undefined): void {
    if (this.isOver || leaderMicros === undefined) return;
    const isFirst = this.ticket === undefined;
    this.takeTicket(leaderMicros);
    if (isFirst) this.onTicket?.();
  }

  /**
   * Notes that a node granted an attempt after it was decided.
   *
   * @param attempt the number that {@link asks} gave that attempt
   */
  noteLateGrant(attempt: number): void {
    if (attempt === this.attempts) this.onLateGrant?.();
  }

  /**
   * Takes the first ticket, which stays for the whole wait. It is changed only if it turns out to lie in the future: the
   * clock of the leading node was set back, or another node leads now. All that come until then would pass this caller.
   */
  private takeTicket(leaderMicros: number | undefined): void {
    if (leaderMicros === undefined) return;
    const { ticket } = this;
    if (ticket === undefined || ticket - leaderMicros > this.settings.entryMs * 1_000)
      this.ticket = leaderMicros;
  }

  /** Ends the wait: the caller has the lock, or gave up. After this, late clean-ups put nothing back. */
  end(isSpared?: (position: number) => boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.leave(isSpared);
  }

  /** Removes an entry that one node made after the end of the wait. */
  leaveLate(node: LockNode): void {
    if (this.isOver) leaveOn(node, this.leaveRequest());
  }

  /** Removes the entries, and wakes the callers that stood behind them. */
  private leave(isSpared: (position: number) => boolean = nowhere): void {
    if (!this.mayBeEntered) return;
    this.mayBeEntered = false;
    this.enteredAtMs = undefined;
    const request = this.leaveRequest();
    this.settings.nodes.forEach((node, position) => {
      if (!isSpared(position)) leaveOn(node, request);
    });
  }

  private leaveRequest(): LeaveRequest {
    const { resources, kind, place } = this;
    // Waiters are told of it as of a release, with a token that was never told before.
    const ownerToken = this.settings.newId();
    return { resources, shared: sharedIn(kind), line: place, wakeWaiters: true, ownerToken };
  }

  private get place(): LinePlace {
    const { id, kind } = this;
    return kind?.mode === 'limited' ? { id, permits: kind.permits, limit: kind.limit } : { id };
  }
}

/** Errors are ignored, since users can write nodes. An entry that is not removed ends by itself. */
function leaveOn(node: LockNode, request: LeaveRequest): void {
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

let lastNewcomer: LineEntry | undefined;

/** One object for all: nobody changes it. */
function newcomer(entryMs: number): LineEntry {
  if (lastNewcomer?.entryMs !== entryMs) lastNewcomer = { id: 'newcomer', entryMs };
  return lastNewcomer;
}
