import type { Attempt, AttemptListener, FailedAttempt, WonAttempt } from '../../core/attempt';
import type { LockKind } from '../../ports/lock-kind';
import { gaveUp } from './give-up';
import type { InterruptibleSleep } from './interruptible-sleep';
import { type WaitingCaller, WaitForRelease, type WaitForReleaseSetup } from './wait-for-release';

/**
 * The votes of an attempt that took more than this many node timeouts are old: most likely it stood still with its
 * process. Without that, the leading node is asked first, and then the others. Only an attempt that asks slow nodes a
 * second time, for other permits or with another fencing token, takes longer; to make one more does no harm then.
 */
const LONGEST_ATTEMPT = 2;

/** The order in which an attempt asks the nodes. */
export interface AttemptOrder {
  /** True if others want the resources too, as far as is known. */
  readonly isContended: boolean;
  /** True if the other nodes are asked only after the leading node has granted. */
  readonly leaderFirst: boolean;
}

/** The caller for which a loop asks the nodes. */
export interface AttemptingCaller extends WaitingCaller {
  readonly kind: LockKind | undefined;
  readonly waitedMs: number;
  /**
   * Called before each attempt, perhaps more than once. If others were denied the resources of late, the caller gets its
   * ticket before its first attempt, and enters the lines with it.
   *
   * @returns the id by which nodes may call it before its denial is here, if they do
   */
  expectTurn(): string | undefined;
  ask(order: AttemptOrder, listener: AttemptListener): void;
  /** Called after each attempt that failed: somebody else holds the resources, or nobody can say. */
  onFailedAttempt(failed: FailedAttempt): void;
  /** Called before the next attempt if readers or permits were in the way. */
  enterLines(): void;
  /** Called before the first attempt. True if the caller has its lock already, so that there is nothing to ask for. */
  hasJoined(): boolean;
  /** Called when an attempt has won. An error that it throws comes back by `fail`. */
  succeed(attempt: WonAttempt): void;
  /** Called when there is no lock in time, or the caller was cancelled. */
  fail(error: unknown): void;
}

/**
 * Asks the nodes for one caller, attempt by attempt, until one is won or the caller's time is over (R7, R15). Most
 * callers have none: they win with the first attempt, or wait in line.
 */
export class AttemptLoop {
  /** The last attempt, until it has decided how long to wait. After that it is dropped, since a wait may be long. */
  private failed: FailedAttempt | undefined;
  /** Waits between attempts. Undefined until the caller has failed, expects to, or has left its turn to others. */
  private backoff: WaitForRelease | undefined;
  /** The time at which the last attempt began, at the earliest. */
  private askedAtMs: number;

  /**
   * @param turnsToSitOut the number of releases that are left to other processes before the first attempt
   * @param attempt the attempt that is under way, or the last one that has ended. The caller before this one may have
   *   left one
   */
  constructor(
    private readonly setup: WaitForReleaseSetup,
    private readonly caller: AttemptingCaller,
    private readonly wait: InterruptibleSleep,
    private readonly turnsToSitOut = 0,
    private attempt?: Promise<Attempt>,
  ) {
    this.askedAtMs = wait.startedAtMs;
  }

  /** The attempt that may still win something, or has won it. The caller has to release that if it gives up. */
  get pending(): Promise<Attempt> | undefined {
    return this.attempt;
  }

  /**
   * Waits and asks. It never rejects.
   *
   * @param turn resolves when it is the caller's turn
   */
  async run(turn?: Promise<void>): Promise<void> {
    try {
      if (turn !== undefined) await this.wait.unlessCancelled(turn);
      if (this.caller.hasJoined()) return;
      this.failKnownOutage();
      const othersComeFirst = this.turnsToSitOut > 0;
      if (othersComeFirst) await (this.backoff = this.newBackoff()).sitOut();
      this.caller.succeed(this.wonBy(await this.next(othersComeFirst)) ?? (await this.untilWon()));
    } catch (error) {
      this.caller.fail(error);
    }
  }

  /** Like `run`, for a caller that has made its first attempt without a loop. */
  runAfter(failed: FailedAttempt): Promise<void> {
    this.failed = failed;
    const { caller } = this;
    // This is no async function: very many callers may wait, and each would keep the state of one more function.
    return this.untilWon()
      .then((won) => {
        caller.succeed(won);
      })
      .catch((error: unknown) => {
        caller.fail(error);
      });
  }

  stop(): void {
    this.backoff?.stop();
  }

  /** It ends at the deadline: that is checked after every attempt, and no sleep lasts longer. */
  private async untilWon(): Promise<WonAttempt> {
    const backoff = (this.backoff ??= this.newBackoff());
    for (;;) {
      const isContended = this.failed?.outcome === 'busy';
      await this.backOff(backoff);
      const won = this.wonBy(await this.next(isContended));
      if (won !== undefined) return won;
    }
  }

  /** Makes an attempt, or takes the one that was left to this caller. Rejects if the caller is cancelled meanwhile. */
  private next(isContended: boolean): Promise<Attempt> {
    this.attempt ??= new Promise((resolve, reject) => {
      this.askedAtMs = this.setup.clock.now();
      const inLineAs = this.caller.expectTurn();
      if (inLineAs !== undefined) (this.backoff ??= this.newBackoff()).listenInTurn(inLineAs);
      const leaderFirst = this.backoff?.begin() === true;
      this.caller.ask({ isContended, leaderFirst }, { onAttempt: resolve, onFault: reject });
    });
    return this.wait.unlessCancelled(this.attempt);
  }

  private wonBy(attempt: Attempt): WonAttempt | undefined {
    if (attempt.outcome === 'won') return attempt;
    this.failed = attempt;
    return undefined;
  }

  /** @returns what to wait for before the next attempt */
  private backOff(backoff: WaitForRelease): Promise<void> | undefined {
    const failed = this.failed as FailedAttempt;
    this.failed = undefined;
    this.wait.throwIfCancelled();
    this.attempt = undefined;
    this.caller.onFailedAttempt(failed);
    if (this.wait.isOver) return this.endUnlessSplit(backoff, failed);
    // A writer enters the lines on the nodes too. Without that, readers could keep coming, and it would wait for ever.
    if (failed.by === 'shared' || failed.by === 'limit') this.caller.enterLines();
    if (backoff.isOutageTooLong(failed)) throw gaveUp(this.caller, failed);
    return backoff.after(failed);
  }

  private async endUnlessSplit(backoff: WaitForRelease, failed: FailedAttempt): Promise<void> {
    if (this.isOld(failed)) return;
    if (!(await backoff.afterSplit(failed))) throw gaveUp(this.caller, failed);
  }

  /**
   * True if the process stood still during the last attempt, so that it tells who held the resources a while ago. Then a
   * caller that waits asks once more, as one does whose process stood still while it slept. A caller that does not wait
   * has its answer: for a job that runs once per fleet, a later grant would be another run.
   */
  private isOld({ outcome }: FailedAttempt): boolean {
    const { clock, nodeTimeoutMs } = this.setup;
    const isWaiting = this.askedAtMs < this.wait.startedAtMs + this.wait.waitMs;
    return outcome === 'busy' && isWaiting && clock.now() - this.askedAtMs > LONGEST_ATTEMPT * nodeTimeoutMs;
  }

  /** Without this, the callers in line would find out one after the other that the nodes are away. */
  private failKnownOutage(): void {
    if (this.attempt !== undefined) return;
    const failed = this.setup.outage.known(this.caller.options.outageWaitMs, this.wait.remainingMs);
    if (failed !== undefined) throw gaveUp(this.caller, failed);
  }

  private newBackoff(): WaitForRelease {
    return new WaitForRelease(this.setup, this.caller, this.wait, this.turnsToSitOut);
  }
}
