import type { Clock } from '../core/clock.interface';
import type { LockNode, NodeStatusChange } from '../core/lock-node.interface';
import type { Randomness } from '../core/randomness.interface';
import { Redlock, type Attempt, type Hold } from '../core/redlock';
import { LockBusyError } from '../errors/lock-busy.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import { completeLockOptions, type CheckedLockOptions, type LockLimits } from './check-lock-options';
import { checkResource, checkResources } from './check-resources';
import { forceRelease } from './force-release';
import { inspectNodes } from './inspect-nodes';
import { LeaseKeeper } from './lease-keeper';
import { HeldLock, type LockSurroundings } from './lock';
import type { LockEvent } from './lock-event.interface';
import type { LockInspection } from './lock-inspection.interface';
import type { LockOptions } from './lock-options';
import { ReleaseListener } from './release-listener';
import { outageDelayMs, pollDelayMs } from './retry-delay';
import { Wait } from './wait';
import { WaitingLine, type PlaceInLine } from './waiting-line';

export interface LockManagerSettings {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly newOwnerToken: () => string;
  readonly limits: LockLimits;
  readonly defaults: LockOptions;
  /** Must not throw. */
  readonly emit: (event: LockEvent) => void;
}

type LostAttempt = Exclude<Attempt, { outcome: 'won' }>;

/** After one node told of a release: the others are expected to follow within this time. */
const FOLLOW_UP_MS = 3;

/** Without a better hint, a waiter that is told of releases looks after this time all the same. */
const LONGEST_SLEEP_MS = 1_000;

/** Turns single attempts into locks: waits for them, keeps them alive, and gives them back. */
export class LockManager {
  private readonly redlock: Redlock;
  private readonly line = new WaitingLine();
  private readonly around: LockSurroundings;
  private readonly waits = new Map<Wait, readonly string[]>();
  private readonly held = new Set<HeldLock>();
  /** Attempts whose caller went away; each ends within two node timeouts. */
  private readonly discards = new Set<Promise<void>>();
  private readonly stopsListening: readonly (() => void)[];
  private isClosed = false;
  private onIdle: (() => void) | undefined;

  constructor(private readonly settings: LockManagerSettings) {
    const { nodes, clock, limits, randomness } = settings;
    this.redlock = new Redlock({
      nodes,
      clock,
      nodeTimeoutMs: limits.nodeTimeoutMs,
      newOwnerToken: settings.newOwnerToken,
    });
    this.around = {
      clock,
      redlock: this.redlock,
      keeper: new LeaseKeeper(clock),
      limits,
      fraction: randomness.fraction,
      emit: settings.emit,
    };
    this.stopsListening = nodes.map((node) =>
      node.onStatus((change) => {
        this.reportStatus(node.name, change);
      }),
    );
  }

  /** Waits in line behind the callers of this process, then asks the nodes until it has the lock (R7, R15). */
  async acquire(resources: string | readonly string[], options?: LockOptions): Promise<HeldLock> {
    const names = checkResources(resources);
    const how = completeLockOptions(options, this.settings.defaults, this.settings.limits);
    how.signal?.throwIfAborted();
    if (this.isClosed) throw closedError(names, 0);

    const wait = new Wait(this.settings.clock, how.waitMs, how.signal);
    const place = this.line.join(names, () => {
      wait.wake();
    });
    this.waits.set(wait, names);
    try {
      if (!place.isFirst) await this.standInLine(place, wait, names);
      return await this.attemptUntilWon(place, wait, names, how);
    } catch (error) {
      this.report(error, names, wait);
      throw error;
    } finally {
      wait.end();
      this.waits.delete(wait);
      this.noticeIdle();
    }
  }

  async inspect(resource: string): Promise<LockInspection> {
    const { nodes, clock, limits } = this.settings;
    return inspectNodes(nodes, clock, limits.nodeTimeoutMs, checkResource(resource));
  }

  /** Removes `resource` from every node that has it, whoever holds it. */
  async forceRelease(resource: string): Promise<number> {
    const { nodes, clock, limits } = this.settings;
    return forceRelease(nodes, clock, limits.nodeTimeoutMs, checkResource(resource));
  }

  /** Refuses new locks, ends all waiting, gives the holders `timeoutMs`, then takes their locks away. */
  async close(timeoutMs: number): Promise<void> {
    this.isClosed = true;
    for (const [wait, names] of this.waits) wait.cancel(closedError(names, wait.waitedMs));
    await this.untilIdle(timeoutMs);
    const rest = [...this.held];
    for (const lock of rest) lock.lose('closed');
    await Promise.all([...rest.map((lock) => lock.release()), ...this.discards]);
    for (const stop of this.stopsListening) stop();
  }

  private async standInLine(place: PlaceInLine, wait: Wait, names: readonly string[]): Promise<void> {
    try {
      do {
        if (wait.isOver) throw new LockBusyError({ resources: names, waitedMs: wait.waitedMs });
        await wait.sleep(Infinity);
      } while (!place.isFirst);
    } catch (error) {
      place.leave();
      throw error;
    }
  }

  private async attemptUntilWon(
    place: PlaceInLine,
    wait: Wait,
    names: readonly string[],
    how: CheckedLockOptions,
  ): Promise<HeldLock> {
    let pending: Promise<Attempt> | undefined;
    let listener: ReleaseListener | undefined;
    try {
      // Ends at the deadline: `wait.isOver` is looked at after every attempt, and sleeping does not pass it.
      for (let attempts = 1; ; attempts++) {
        pending = this.redlock.acquire(names, how.ttlMs, attempts > 1);
        const attempt = await wait.unlessCancelled(pending);
        // Cancelled after the vote, before its turn to run: close() does not know of this lock, so it must not be.
        wait.throwIfCancelled();
        pending = undefined;
        if (attempt.outcome === 'won') return this.hand(attempt.hold, place, wait, how);
        if (wait.isOver) throw this.giveUp(attempt, names, wait);
        if (listener === undefined) {
          // Subscribe first, then try again, then sleep: a release in between is not missed (R7).
          listener = this.listen(names, wait);
          if (listener.isReliable) continue;
        }
        await wait.sleep(this.sleepMs(attempt, attempts, listener));
      }
    } catch (error) {
      // The place stays taken until the nodes have answered: the next caller must not meet our own partial grants.
      if (pending === undefined) place.leave();
      else this.discard(pending, place);
      throw error;
    } finally {
      listener?.stop();
    }
  }

  private listen(names: readonly string[], wait: Wait): ReleaseListener {
    return new ReleaseListener(this.settings.nodes, names, (when) => {
      if (when === 'now') wait.wake();
      else wait.wakeWithin(FOLLOW_UP_MS);
    });
  }

  private sleepMs(attempt: LostAttempt, attempts: number, listener: ReleaseListener): number {
    const fraction = this.around.fraction();
    if (attempt.outcome === 'unavailable') return outageDelayMs(attempts, fraction);
    const untilFreeMs = attempt.freeInMs ?? Infinity;
    // A millisecond more: nodes round their ttls down.
    if (listener.isReliable) return Math.min(untilFreeMs + 1, LONGEST_SLEEP_MS);
    return Math.min(untilFreeMs + 1, pollDelayMs(attempts, fraction));
  }

  private giveUp(attempt: LostAttempt, names: readonly string[], wait: Wait): Error {
    const facts = { resources: names, waitedMs: wait.waitedMs, votes: attempt.votes };
    return attempt.outcome === 'busy' ? new LockBusyError(facts) : new LockUnavailableError(facts);
  }

  private hand(hold: Hold, place: PlaceInLine, wait: Wait, how: CheckedLockOptions): HeldLock {
    const lock: HeldLock = new HeldLock(hold, how, this.around, {
      givenBack: () => {
        place.leave();
      },
      ended: () => {
        this.held.delete(lock);
        this.noticeIdle();
      },
    });
    this.held.add(lock);
    this.settings.emit({
      type: 'acquired',
      resources: hold.resources,
      ownerToken: hold.ownerToken,
      waitedMs: wait.waitedMs,
      validityMs: lock.remainingMs,
    });
    return lock;
  }

  private discard(pending: Promise<Attempt>, place: PlaceInLine): void {
    const done = this.giveBack(pending, place).finally(() => this.discards.delete(done));
    this.discards.add(done);
  }

  /** Gives back what an attempt may still win after its caller went away. */
  private async giveBack(pending: Promise<Attempt>, place: PlaceInLine): Promise<void> {
    const attempt = await pending;
    const releasing = attempt.outcome === 'won' ? this.redlock.release(attempt.hold) : undefined;
    place.leave();
    await releasing;
  }

  private report(error: unknown, resources: readonly string[], { waitedMs }: Wait): void {
    if (error instanceof LockBusyError) this.settings.emit({ type: 'busy', resources, waitedMs });
    if (error instanceof LockUnavailableError)
      this.settings.emit({ type: 'unavailable', resources, waitedMs });
  }

  private reportStatus(node: string, { status, error }: NodeStatusChange): void {
    if (status === 'up') this.settings.emit({ type: 'node-up', node });
    if (status === 'down') this.settings.emit({ type: 'node-down', node, error });
  }

  private get isIdle(): boolean {
    return this.held.size === 0 && this.waits.size === 0;
  }

  private noticeIdle(): void {
    if (this.isIdle) this.onIdle?.();
  }

  /** Nobody holds and nobody waits; those who wait were cancelled and need but a moment. */
  private untilIdle(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.isIdle) {
        resolve();
        return;
      }
      const timer = this.settings.clock.schedule(timeoutMs, resolve);
      this.onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function closedError(resources: readonly string[], waitedMs: number): LockUnavailableError {
  return new LockUnavailableError({ resources, waitedMs, votes: [] });
}
