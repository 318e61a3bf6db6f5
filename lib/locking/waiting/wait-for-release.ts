import type { FailedAttempt } from '../../core/attempt';
import type { Clock } from '../../ports/clock.interface';
import type { LockNode } from '../../ports/lock-node.interface';
import type { PlaceInLines } from '../../core/line';
import type { Redlock } from '../../core/redlock';
import { endsWithin, Outage } from './outage';
import { RetryPolicy } from './retry-policy';
import { ReleaseListener, type ReleaseHint } from './release-listener';
import type { InterruptibleSleep } from './interruptible-sleep';

/** When one node has told of a release, the others are expected to tell within this time. */
const FOLLOW_UP_MS = 3;

/**
 * How long the others get to take what was left to them. Longer than short holds last: the next release tells that they
 * did, and nobody has to ask.
 */
const SIT_OUT_MS = 8;

/** How long an attempt counts as having taken that waited for a silent node: the others were not busy for so long. */
const MOST_TO_SIT_OUT_MS = 32;

/** How many attempts after the deadline may tell nothing for sure. They end sooner where they take long. */
const MOST_AFTER_DEADLINE = 8;

export interface WaitForReleaseSetup {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly redlock: Redlock;
  readonly nodeTimeoutMs: number;
  /** The outage as all callers of the service see it. */
  readonly outage: Outage;
  fraction(): number;
}

/** The time of one caller between its attempts: it listens to the nodes, and sleeps until it should ask again (R7). */
export class WaitForRelease {
  private readonly pace: RetryPolicy;
  /** The outage as this caller sees it: a Cluster may answer other callers. */
  private readonly outage: Outage;
  private listener: ReleaseListener | undefined;
  private attempts = 0;
  /** When the first attempt after the deadline failed. */
  private splitAtMs: number | undefined;
  /** The last attempt asked the leading node first. */
  private askedLeaderFirst = false;

  /** @param turnsToSitOut how many releases are left to others */
  constructor(
    private readonly setup: WaitForReleaseSetup,
    private readonly caller: {
      readonly resources: readonly string[];
      readonly options: { readonly outageWaitMs: number };
      /** In the lines on the nodes, if it stands there by now. */
      readonly places?: PlaceInLines | undefined;
    },
    private readonly wait: InterruptibleSleep,
    private turnsToSitOut: number,
  ) {
    this.pace = new RetryPolicy(setup, wait.startedAtMs);
    this.outage = new Outage(setup.clock, 0);
  }

  /** Waits before the first attempt, when other processes come first. */
  async sitOut(): Promise<void> {
    this.listener = this.listen();
    this.pace.leaderFirst = true;
    await this.wait.sleep(SIT_OUT_MS);
  }

  /**
   * An attempt begins.
   *
   * @returns whether it asks the leading node first
   */
  begin(): boolean {
    this.listener?.expectAttempt();
    const leaderFirst = this.pace.begin();
    const { places } = this.caller;
    // The others would forget who stands in line.
    this.askedLeaderFirst = leaderFirst && places?.isBeatDue(this.setup.clock.now()) !== true;
    return this.askedLeaderFirst;
  }

  /**
   * After the deadline: sleeps until it is time for another attempt, if the last one did not tell whether somebody has it.
   * Where several ask at the same moment each may get a part of the votes. If all of them took that for an answer, nobody
   * would have it: of a job that one process has to run, all would believe that another one does.
   *
   * @returns whether to make that attempt
   */
  async afterSplit(failed: FailedAttempt): Promise<boolean> {
    const { clock, nodeTimeoutMs } = this.setup;
    // The leading node knows its own holder alone, who may fail.
    const isUnclear = (failed.isSplit && failed.holder === undefined) || this.askedLeaderFirst;
    if (failed.outcome !== 'busy' || !isUnclear || this.wait.waitMs >= nodeTimeoutMs) return false;
    // A node that has become silent costs the first attempt the whole node timeout, and the next ones nothing.
    this.splitAtMs ??= clock.now();
    const longestMs = failed.votes.some(({ vote }) => vote === 'failed') ? MOST_TO_SIT_OUT_MS : Infinity;
    const sleepMs = this.pace.collisionMs(this.setup.fraction(), MOST_AFTER_DEADLINE, longestMs);
    if (sleepMs === undefined || clock.now() + sleepMs - this.splitAtMs >= nodeTimeoutMs) return false;
    await this.wait.sleepPastDeadline(sleepMs);
    return true;
  }

  /** Whether too few nodes have answered for longer than the caller wants to wait for them. */
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
    const hearing = this.hearTicket(failed);
    return hearing === undefined
      ? this.listenAndSleep(failed)
      : hearing.then(() => this.listenAndSleep(failed));
  }

  private listenAndSleep(failed: FailedAttempt): Promise<void> | undefined {
    const inLineAs = this.nameInLine(failed);
    // Subscribe first, then try again, then sleep: a release in between is not missed (R7).
    if (this.listener === undefined || (this.listener.isInLine && inLineAs === undefined)) {
      this.listener?.stop();
      this.listener = this.listen(inLineAs);
      if (this.listener.isReliable) return undefined;
    }
    const isHeld = this.learnsOfHolder(failed, this.listener);
    const isTold = this.listener.isReliable;
    const sleepMs = this.pace.sleepMs(failed, this.attempts, { isHeld, isTold });
    const { places } = this.caller;
    if (places === undefined || failed.outcome === 'unavailable') return this.wait.sleep(sleepMs);
    return this.standInLines(places, sleepMs);
  }

  stop(): void {
    this.listener?.stop();
  }

  /** The others have denied, and the leading node, which gives the ticket, is about to: it saves an attempt. */
  private hearTicket({ outcome, line }: FailedAttempt): Promise<void> | undefined {
    const { places } = this.caller;
    const isOnItsWay = this.listener === undefined && outcome === 'busy' && line !== undefined;
    if (places === undefined || !isOnItsWay || !places.needsTicket) return undefined;
    places.onTicket = this.wait.wake.bind(this.wait);
    return this.wait.sleep(FOLLOW_UP_MS);
  }

  /** An attempt refreshes the entries, so there is one now and then whatever happens (R29). */
  private standInLines(places: PlaceInLines, sleepMs: number): Promise<void> | undefined {
    // The denial brought the ticket: the next attempt takes it to all nodes, at once.
    if (places.isToBeEntered) return undefined;
    // The leading node gives it, and did not vote.
    if (places.needsTicket) this.pace.leaderFirst = true;
    return this.wait.sleep(Math.min(sleepMs, places.beatMs(this.setup.fraction())));
  }

  /** Whether somebody has it of whose release nobody has told: then all that was told is of holders before. */
  private learnsOfHolder({ holder }: FailedAttempt, listener: ReleaseListener): boolean {
    if (holder === undefined || listener.heardOf(holder)) {
      listener.takeBack();
      return false;
    }
    if (listener.passOver()) this.wait.forgetWake();
    return true;
  }

  /**
   * The id under which the nodes call it when it is its turn. Undefined where it needs to hear of each release: of one who
   * holds it alone, and may have looked at no line; and of several resources, of which any may be in the way.
   */
  private nameInLine({ outcome, by }: FailedAttempt): string | undefined {
    const { places, resources } = this.caller;
    if (places === undefined || outcome !== 'busy' || by === 'held' || resources.length > 1) return undefined;
    return places.isEntered || places.isToBeEntered ? places.id : undefined;
  }

  private listen(inLineAs?: string): ReleaseListener {
    const { nodes, redlock } = this.setup;
    return new ReleaseListener({
      nodes,
      resources: this.caller.resources,
      inLineAs,
      leadingNode: () => redlock.leadingNode,
      onMaybeFree: (hint) => {
        this.hear(hint);
      },
    });
  }

  private hear({ isNow, leaderFirst, isTurn }: ReleaseHint): void {
    const { places } = this.caller;
    if (places !== undefined && places.ahead > 0 && isTurn !== true) {
      this.letPass(places, isNow);
      return;
    }
    if (this.turnsToSitOut > 0 && isNow) this.turnsToSitOut -= 1;
    // The line keeps the votes together: nodes deny those behind the next.
    this.pace.hear((leaderFirst && places?.isEntered !== true) || this.turnsToSitOut > 0);
    // Others come first; if none of them takes it, we do.
    if (this.turnsToSitOut > 0) this.wait.wakeWithin(SIT_OUT_MS);
    else if (isNow) this.wait.wake();
    else this.wait.wakeWithin(FOLLOW_UP_MS);
  }

  /** Those before us in line come first: the one after the next asks a little later, and the next at once (R32). */
  private letPass(places: PlaceInLines, isNow: boolean): void {
    if (!isNow) return;
    places.ahead -= 1;
    if (places.ahead > 1) return;
    this.pace.hear(places.ahead === 1 || !places.isEntered);
    if (places.ahead === 1) this.wait.wakeWithin(SIT_OUT_MS);
    else this.wait.wake();
  }
}
