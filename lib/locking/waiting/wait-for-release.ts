import type { FailedAttempt } from '../../core/attempt';
import type { Clock } from '../../ports/clock.interface';
import type { LockNode } from '../../ports/lock-node.interface';
import type { PlaceInLines } from '../../core/line';
import type { Redlock } from '../../core/redlock';
import { endsWithin, Outage } from './outage';
import { RetryPolicy } from './retry-policy';
import {
  ReleaseListener,
  type ReleaseHearer,
  type ReleaseHint,
  type ReleaseSources,
} from './release-listener';
import type { InterruptibleSleep } from './interruptible-sleep';

/** When one node has told of a release, the others are expected to tell within this time. */
const FOLLOW_UP_MS = 3;

/**
 * The time for which other processes may take a resource that was left to them. It is longer than short leases last:
 * then their release tells that they took it, and nobody has to ask.
 */
const SIT_OUT_MS = 8;

/**
 * The most milliseconds that count for an attempt in which a node failed. The attempt may have waited for a silent
 * node, and the other nodes were not busy for so long.
 */
const MOST_TO_SIT_OUT_MS = 32;

/** The most attempts after the deadline whose result is unclear. If they take long, there are fewer. */
const MOST_AFTER_DEADLINE = 8;

export interface WaitForReleaseSetup extends ReleaseSources {
  readonly clock: Clock;
  readonly redlock: Redlock;
  readonly nodeTimeoutMs: number;
  /** The outage as all callers of the service see it. */
  readonly outage: Outage;
  fraction(): number;
}

/** A caller that waits for a release. */
export interface WaitingCaller {
  readonly resources: readonly string[];
  readonly options: { readonly outageWaitMs: number };
  /** The place of the caller in the lines on the nodes. Undefined as long as it does not look at them. */
  readonly places?: PlaceInLines | undefined;
}

/** The time of one caller between its attempts: it listens to the nodes, and sleeps until it should ask again (R7). */
export class WaitForRelease implements ReleaseHearer {
  private readonly pace: RetryPolicy;
  /** The outage as this caller sees it: a Cluster may answer other callers. */
  private readonly outage: Outage;
  private listener: ReleaseListener | undefined;
  private attempts = 0;
  /** The time at which the first attempt after the deadline failed. */
  private splitAtMs: number | undefined;
  /** True if the last attempt asked the leading node first. */
  private askedLeaderFirst = false;

  /** @param turnsToSitOut the number of releases that are left to other processes */
  constructor(
    private readonly setup: WaitForReleaseSetup,
    private readonly caller: WaitingCaller,
    private readonly wait: InterruptibleSleep,
    private turnsToSitOut: number,
  ) {
    this.pace = new RetryPolicy(setup, wait.startedAtMs);
    this.outage = new Outage(setup.clock, 0);
  }

  /** Waits before the first attempt, since other processes come first. */
  async sitOut(): Promise<void> {
    this.listener = this.listen();
    this.pace.leaderFirst = true;
    await this.wait.sleep(SIT_OUT_MS);
  }

  /**
   * Listens for the caller's turn alone, with its name in the lines. Who hears each release goes on with that until the
   * nodes would call it, so that none is missed.
   */
  listenInTurn(inLineAs: string): void {
    const before = this.listener;
    if (before?.isInLine === true) return;
    const inTurn = this.listen(inLineAs);
    const staysAsItIs = before !== undefined && !inTurn.isReliable;
    (staysAsItIs ? inTurn : before)?.stop();
    if (!staysAsItIs) this.listener = inTurn;
  }

  /**
   * Notes that an attempt begins.
   *
   * @returns true if it asks the leading node first
   */
  begin(): boolean {
    this.listener?.expectAttempt();
    const leaderFirst = this.pace.begin();
    const { places } = this.caller;
    // If only the leading node is asked, the others forget the caller's place in line.
    const mustAskAll =
      places !== undefined && (places.mustAskAll || places.isBeatDue(this.setup.clock.now()));
    this.askedLeaderFirst = leaderFirst && !mustAskAll;
    return this.askedLeaderFirst;
  }

  /**
   * Sleeps after the deadline until it is time for another attempt, if the last one did not tell whether somebody holds
   * the resources. If several callers ask at the same moment, each may get a part of the votes. If all of them gave up
   * then, nobody would get the lock: each process would believe that another one runs the job.
   *
   * @returns true if that attempt should be made
   */
  async afterSplit(failed: FailedAttempt): Promise<boolean> {
    const { clock, nodeTimeoutMs } = this.setup;
    // The leading node tells only who holds the resource there. That caller may still fail to get a majority.
    const isUnclear = (failed.isSplit && failed.holder === undefined) || this.askedLeaderFirst;
    if (failed.outcome !== 'busy' || !isUnclear || this.wait.waitMs >= nodeTimeoutMs) return false;
    // A node that has become silent makes the first attempt last for the whole node timeout, but no later attempt. So
    // the time counts from the end of the first one.
    this.splitAtMs ??= clock.now();
    const longestMs = failed.votes.some(({ vote }) => vote === 'failed') ? MOST_TO_SIT_OUT_MS : Infinity;
    const sleepMs = this.pace.collisionMs(this.setup.fraction(), MOST_AFTER_DEADLINE, longestMs);
    if (sleepMs === undefined || clock.now() + sleepMs - this.splitAtMs >= nodeTimeoutMs) return false;
    await this.wait.sleepPastDeadline(sleepMs);
    return true;
  }

  /** True if too few nodes have answered for longer than the caller wants to wait for them. */
  isOutageTooLong(failed: FailedAttempt): boolean {
    const { outageWaitMs } = this.caller.options;
    this.outage.note(failed);
    this.setup.outage.note(failed);
    if (failed.outcome !== 'unavailable' || endsWithin(this.wait.remainingMs, failed)) return false;
    return this.outage.hasLasted(outageWaitMs) || this.setup.outage.hasLasted(outageWaitMs);
  }

  /** Waits until it is time for the next attempt, or the deadline has come. */
  after(failed: FailedAttempt): Promise<void> | undefined {
    this.attempts += 1;
    const { places } = this.caller;
    // The ticket is the time of the leading node, which may deny any moment. The next attempt need not wait for more.
    if (places?.needsTicket === true) places.onTicket = this.wait.wake.bind(this.wait);
    if (places !== undefined) places.onLateGrant ??= this.hurryAfterSplit.bind(this);
    const hearing = this.hearTicket(failed);
    return hearing === undefined
      ? this.listenAndSleep(failed)
      : hearing.then(() => this.listenAndSleep(failed));
  }

  /** The votes of the last attempt were split after all, so nobody tells when the others are free. */
  private hurryAfterSplit(): void {
    const sleepMs = this.pace.learnOfSplit();
    if (sleepMs !== undefined) this.wait.wakeWithin(sleepMs);
  }

  private listenAndSleep(failed: FailedAttempt): Promise<void> | undefined {
    const inLineAs = this.nameInLine(failed);
    // Subscribe first, then try again, then sleep: a release in between is not missed (R7).
    if (this.listener === undefined || (this.listener.isInLine && inLineAs === undefined)) {
      this.listener?.stop();
      this.listener = this.listen(inLineAs);
      if (this.listener.isReliable) return undefined;
    } else if (inLineAs !== undefined) {
      this.listenInTurn(inLineAs);
    }
    const isHeld = this.learnsOfHolder(failed, this.listener);
    const isTold = this.listener.isReliable;
    const { places } = this.caller;
    // Readers and permits that are in the way are many, and the nodes name no holder.
    const isFirst = failed.by === 'held' && places?.isEntered === true && places.ahead === 0;
    const isBehind = places?.isEntered === true && places.ahead > 0;
    const sleepMs = this.pace.sleepMs(failed, this.attempts, { isHeld, isTold, isFirst, isBehind });
    if (places === undefined || failed.outcome === 'unavailable') return this.wait.sleep(sleepMs);
    return this.standInLines(places, sleepMs);
  }

  stop(): void {
    this.listener?.stop();
  }

  /**
   * Waits a moment for the ticket. The other nodes have denied, and the leading node, whose time is the ticket, is about
   * to. To wait saves an attempt.
   */
  private hearTicket({ outcome, line }: FailedAttempt): Promise<void> | undefined {
    const { places } = this.caller;
    const isOnItsWay = this.listener === undefined && outcome === 'busy' && line !== undefined;
    if (places === undefined || !isOnItsWay || !places.needsTicket) return undefined;
    return this.wait.sleep(FOLLOW_UP_MS);
  }

  /** Sleeps, but not for too long: an attempt refreshes the entries in the lines, so there has to be one in time (R29). */
  private standInLines(places: PlaceInLines, sleepMs: number): Promise<void> | undefined {
    // The denial brought the ticket, or told a plain caller of readers or permits. The next attempt brings the ticket to all
    // nodes, or asks for it, so it begins at once.
    if (places.isToBeEntered || places.isNew) return undefined;
    // The leading node did not vote.
    if (places.needsTicket) this.pace.leaderFirst = true;
    return this.wait.sleep(Math.min(sleepMs, places.beatMs(this.setup.fraction())));
  }

  /**
   * True if a holder is known whose release no node has told. Then all that was told is about earlier holders. But who is
   * told only of its turn may have been called by a later one. What an attempt of this caller got is released without a
   * word.
   */
  private learnsOfHolder({ holder }: FailedAttempt, listener: ReleaseListener): boolean {
    const isOwn = holder !== undefined && this.caller.places?.isOwn(holder) === true;
    if (holder === undefined || isOwn || listener.isInLine || listener.heardOf(holder)) {
      listener.takeBack();
      return false;
    }
    if (listener.passOver()) this.wait.forgetWake();
    return true;
  }

  /**
   * The id under which nodes call the caller when it is its turn. Undefined if it has to hear of each release: of several
   * resources any may be in the way, and an exclusive holder may release without a look at the line. The first in line
   * hears of that, and calls the others when it is done itself.
   */
  private nameInLine({ outcome, by }: FailedAttempt): string | undefined {
    const { places, resources } = this.caller;
    if (places === undefined || outcome !== 'busy' || resources.length > 1) return undefined;
    if (by === 'held' && places.ahead === 0) return undefined;
    return places.isEntered || places.isToBeEntered ? places.id : undefined;
  }

  private listen(inLineAs?: string): ReleaseListener {
    return new ReleaseListener(this.setup, this.caller.resources, this, inLineAs);
  }

  get leadingNode(): LockNode | undefined {
    return this.setup.redlock.leadingNode;
  }

  onMaybeFree({ isNow, leaderFirst, isTurn }: ReleaseHint): void {
    const { places } = this.caller;
    if (places !== undefined && places.ahead > 0 && isTurn !== true) {
      this.letPass(places, isNow);
      return;
    }
    // The nodes say that it is the caller's turn. So those that it lets go first have had theirs.
    if (isTurn === true) this.turnsToSitOut = 0;
    if (this.turnsToSitOut > 0 && isNow) this.turnsToSitOut -= 1;
    // A caller in the line need not ask the leading node first: nodes deny the callers that are not next, so the votes do
    // not split.
    const isCrowded = (leaderFirst && places?.isEntered !== true) || this.turnsToSitOut > 0;
    this.pace.hear(isCrowded, isTurn === true && isNow);
    // Other processes come first. If none of them takes the resources, this caller tries.
    if (this.turnsToSitOut > 0) this.wait.wakeWithin(SIT_OUT_MS);
    else if (isNow) this.wait.wake();
    else this.wait.wakeWithin(FOLLOW_UP_MS);
  }

  /** Lets the callers before it in line go first: the next one asks at once, and the one after it a little later (R32). */
  private letPass(places: PlaceInLines, isNow: boolean): void {
    if (!isNow) return;
    places.ahead -= 1;
    if (places.ahead > 1) return;
    this.pace.hear(places.ahead === 1 || !places.isEntered);
    if (places.ahead === 1) this.wait.wakeWithin(SIT_OUT_MS);
    else this.wait.wake();
  }
}
