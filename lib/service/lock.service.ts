import type { Observable } from 'rxjs';
import { showAs } from '../errors/shown-as';
import { LockBusyError, waitedForItself } from '../errors/lock-busy.error';
import { LockLostError } from '../errors/lock-lost.error';
import { LockOptionsError } from '../errors/lock-options.error';
import type { LockEvents } from './lock-events';
import { checkEachLockOption } from '../locking/api/check-lock-options';
import type { ReadyOptions } from '../locking/api/check-ready-options';
import { checkResource } from '../locking/api/check-resources';
import { checkTargets, type CheckedTargets, withModeOf } from '../locking/api/check-targets';
import { askerFor, type Asker } from '../locking/waiting/admission';
import type { HeldLock } from '../locking/holding/held-lock';
import { Elections, TERM } from './elections';
import { LockContext } from './lock-context';
import type { LeaderElection, LeaderElectionOptions } from './leader-election';
import type { IfStream, StreamIsRefused } from './refuse-streams';
import { unlessBusy } from './unless-busy';
import type { UnitOfWork } from './unit-of-work';
import { UnitsOfWork } from './units-of-work';
import type { LockEvent } from '../locking/api/lock-event.interface';
import type {
  ForceReleaseOptions,
  InspectOptions,
  LockInspection,
} from '../locking/api/lock-inspection.interface';
import type { ListOptions, LockListing } from '../locking/api/lock-listing.interface';
import type { LockManager } from '../locking/lock-manager';
import type { LockOptions, ResumeOptions } from '../locking/api/lock-options';
import type { LockTargets } from '../locking/api/lock-target';
import type { LockTicket } from '../locking/api/lock-ticket';
import {
  readWithLockOptions,
  type BusyResult,
  type ReadOptions,
  type WithLockOnBusy,
  type WithLockOptions,
} from '../locking/api/with-lock-options';
import type { DefaultLock, Lock, LockFor } from '../locking/api/lock.interface';

export type { BusyResult, WithLockOnBusy, WithLockOptions };

const NO_OPTIONS: ReadOptions = { reentrant: true, onBusy: undefined, lockOptions: undefined };

type Task<T, L> = (lock: L) => T | Promise<T>;

/**
 * Distributed locks, one holder per resource in the whole fleet. Inject it, or make one with `createLockService`.
 *
 * Every method that takes resources rejects wrong arguments with a `LockKeyError` or `LockOptionsError`, before any
 * node is asked.
 */
export class LockService {
  /**
   * The events of locks and nodes, for logs and metrics. It is a hot Observable. A subscriber must not throw: rxjs
   * reports the error a moment later as an uncaught exception, which ends a process that does not handle those.
   *
   * A subscriber runs in the async context in which it subscribed, not in the context of the call that caused the
   * event.
   */
  readonly events$: Observable<LockEvent>;

  /**
   * @internal Marks each error of a lock that was not acquired with the answer that a client gets, and throws it
   *   again.
   */
  onFailure?: (error: unknown) => never;

  /** @internal See {@link LockEvents}. */
  readonly callerEvents$: Observable<LockEvent>;

  private readonly context = new LockContext();
  private readonly units: UnitsOfWork;
  private readonly elections: Elections;
  private closing: Promise<void> | undefined;

  /** @internal Use `RedlockModule` or `createLockService`. */
  constructor(
    private readonly manager: LockManager,
    private readonly events: LockEvents,
    private readonly closeEverything: () => Promise<void>,
    /** @internal */
    readonly defaultOnBusy: WithLockOnBusy = 'throw',
  ) {
    this.events$ = events.events$;
    this.callerEvents$ = events.callerEvents$;
    this.units = new UnitsOfWork(manager.clock);
    this.elections = new Elections(
      {
        clock: manager.clock,
        acquire: (name, options, signal) => manager.acquire(name, { ...options, ...TERM, signal }),
        standing: (lock) => this.context.standing(lock),
        isInside: (lock) => this.context.holding(lock) !== undefined,
      },
      (options) => {
        manager.checkOptions(options);
      },
    );
  }

  /**
   * Waits for the lock for up to `options.wait`. With several resources it holds all of them or none.
   *
   * Release it yourself, best with `await using lock = await locks.acquire('order:7')`.
   *
   * @throws LockBusyError when somebody else held it all the time
   * @throws LockUnavailableError when too few nodes answered
   */
  acquire<const O extends LockOptions = object>(resources: LockTargets, options?: O): Promise<LockFor<O>>;
  acquire(resources: LockTargets, options?: LockOptions, task?: unknown): Promise<Lock> {
    if (task !== undefined) return Promise.reject(takesNoTask('acquire'));
    const unit = this.units.current();
    if (unit !== undefined) return this.acquireWithin(unit, resources, options);
    const acquired = this.manager.acquire(resources, options, this.asker(true));
    // Nearly all code holds nothing yet, and needs no further promise.
    const holdsSome = this.context.current() !== undefined;
    return this.marked(holdsSome ? acquired.catch(this.tellOfOwnLock) : acquired);
  }

  /**
   * Does not wait for a holder: resolves to null when somebody else holds the lock. If several callers ask at the
   * same moment and each gets some of the votes, each asks again, for `nodeTimeout` more at most.
   *
   * @throws LockUnavailableError when too few nodes answered
   */
  tryAcquire<const O extends Omit<LockOptions, 'wait'> = object>(
    resources: LockTargets,
    options?: O,
  ): Promise<LockFor<O> | null>;
  async tryAcquire(
    resources: LockTargets,
    options?: Omit<LockOptions, 'wait'>,
    task?: unknown,
  ): Promise<Lock | null> {
    if (task !== undefined) throw takesNoTask('tryAcquire');
    const checked = options === undefined ? undefined : checkEachLockOption(options);
    try {
      return await this.acquire(resources, { ...checked, wait: 0 });
    } catch (error) {
      if (error instanceof LockBusyError) return null;
      throw error;
    }
  }

  /** @deprecated It rejects: the lock would be released before anybody reads the stream. Read it in the task. */
  withLock<F extends (lock: DefaultLock) => unknown>(
    resources: LockTargets,
    task: F & IfStream<F>,
  ): Promise<StreamIsRefused>;
  /** @deprecated It rejects: the lock would be released before anybody reads the stream. Read it in the task. */
  withLock<const O extends WithLockOptions, F extends (lock: LockFor<O>) => unknown>(
    resources: LockTargets,
    options: O,
    task: F & IfStream<F>,
  ): Promise<StreamIsRefused>;
  /**
   * Runs `task` under the lock, and releases the lock when the task has succeeded or failed.
   *
   * Rejects with the task's own error, with what `acquire` throws, or with a `LockLostError` when the lock was lost
   * before the task was done: do not rely on the result of the task then. Code that holds all the resources already in
   * one lock, in the same async chain, enters at once and shares that lock. `onBusy` gives another result when the lock
   * is busy.
   *
   * An Observable, a generator or a stream works only when somebody reads it, so it cannot be the result of a task: the
   * lock would be released before. Await it in the task, or put `@Locked` on the method that returns it.
   *
   * @throws LockReentrancyError when the code holds some of the resources but not all in one lock, and so would wait
   * for itself
   * @throws LockOptionsError when the task returned such a stream
   */
  withLock<T>(
    resources: LockTargets,
    task: Task<T, DefaultLock>,
    // oxlint-disable-next-line typescript/no-redundant-type-constituents -- until an application adds to LockDefaults
  ): Promise<T | BusyResult<object>>;
  withLock<T, const O extends WithLockOptions>(
    resources: LockTargets,
    options: O,
    task: Task<T, LockFor<O>>,
  ): Promise<T | BusyResult<O>>;
  async withLock<T>(
    resources: LockTargets,
    optionsOrTask: WithLockOptions | Task<T, Lock>,
    taskAfterOptions?: Task<T, Lock>,
  ): Promise<unknown> {
    const [options, task] =
      typeof optionsOrTask === 'function' ? [undefined, optionsOrTask] : [optionsOrTask, taskAfterOptions];
    if (typeof task !== 'function')
      throw new LockOptionsError('task', 'withLock needs a task: withLock(resources, options?, task).');
    if (task === optionsOrTask && taskAfterOptions !== undefined)
      throw new LockOptionsError('task', 'is the last argument: withLock(resources, options?, task).');
    const read = options === undefined ? NO_OPTIONS : readWithLockOptions(options);
    const { reentrant, lockOptions, onBusy = this.defaultOnBusy } = read;
    if (onBusy !== 'throw') {
      const throwing = { ...lockOptions, reentrant, onBusy: 'throw' } as const;
      return unlessBusy(onBusy, task, (noted) => this.withLock(resources, throwing, noted));
    }

    const targets = checkTargets(resources);
    const wanted = this.manager.wantedBy(targets, lockOptions);
    const frame = this.context.toReenter(wanted, reentrant);
    if (frame !== undefined) return this.context.reenter(frame, task);
    const unit = this.units.current();
    if (unit === undefined) return this.context.enter(await this.take(targets, lockOptions), task);
    return unit.withLock({
      wanted,
      reentrant,
      options: this.manager.checkOptions(withModeOf(targets, lockOptions)),
      acquire: () => this.take(targets, lockOptions),
      run: (lock) => this.context.enter(lock, task),
    });
  }

  /** @deprecated It rejects: the locks would be released before anybody reads the stream. Read it in the work. */
  holdUntilDone<F extends () => unknown>(work: F & IfStream<F>): Promise<StreamIsRefused>;
  /**
   * Runs `work`, and keeps every lock that is acquired in it until the work has succeeded or failed. For work that
   * others see only at its end, such as a transaction: no lock that was acquired inside is released before the commit.
   *
   * Code of the work may lock a resource that the work has locked already. It then enters that lock again, when the
   * tasks before it are done, and the handles before it are released. Such work within other work is a part of the outer work. The `maxHold` of each lock
   * limits it.
   *
   * @throws LockLostError when the work succeeded, but a lock was lost between its task, or its release, and the end of
   * the work
   * @throws LockOptionsError when the work returned an Observable, a generator or a stream, as for a task of `withLock`
   *
   * @example
   * ```ts
   * await locks.holdUntilDone(() => dataSource.transaction((manager) => this.orders.pay(manager, id)));
   * ```
   */
  holdUntilDone<T>(work: () => T | Promise<T>): Promise<T>;
  async holdUntilDone<T>(work: () => T | Promise<T>): Promise<T> {
    if (typeof (work as unknown) !== 'function')
      throw new LockOptionsError('work', 'holdUntilDone needs a function: holdUntilDone(() => transaction).');
    return this.units.run(work);
  }

  /**
   * Checks options that will be used later, together with those of the module: for options that come from a
   * configuration. Those of `@Locked` and `LockInterceptor` are checked when the application starts.
   *
   * @throws LockOptionsError when `withLock` would
   *
   * @example `locks.checkOptions({ ttl: config.get('JOB_TTL') });`
   */
  checkOptions(options: WithLockOptions): void {
    this.manager.checkOptionsOfCalls(readWithLockOptions(options).lockOptions ?? {});
  }

  /** @internal Checks whether a lock on these nodes can have resources that are only read beside others. */
  checkMixed(): void {
    this.manager.checkMixed();
  }

  /** @internal Ends all elections: the process resigns, and takes part in none any more. Locks are as before. */
  endElections(): Promise<void> {
    return this.elections.close();
  }

  /** @internal True once {@link close} was called. */
  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  /** @internal True if no option limits the time for which a lock with these options is held. */
  isUnbounded({ maxHold }: WithLockOptions): boolean {
    return maxHold === undefined && !this.manager.hasDefaultMaxHold;
  }

  /**
   * Resolves when a majority of the nodes can vote: these nodes are connected, answer, and are not guarded. Right after
   * the start `acquire` waits for the first connections by itself, for no longer than `nodeTimeout`. Call `ready` where
   * nothing should begin before locks are available, such as in a script, or before an application listens.
   *
   * @throws LockUnavailableError after `options.wait` (default 5,000 ms), with the reason of each node in `votes`
   * @example
   * await locks.ready({ wait: 30_000 });
   */
  ready(options?: ReadyOptions): Promise<void> {
    return this.manager.ready(options);
  }

  /**
   * Tells if somebody holds `resource`, so that nobody else can get it. It asks all nodes. The answer may be old
   * when you read it, so never work without the lock because of it; use `tryAcquire` for that.
   *
   * @returns true too while several callers try to get it and none of them has a majority, and if another program
   *   has a key there
   * @throws LockUnavailableError if too few nodes answered
   */
  async isLocked(resource: string): Promise<boolean> {
    return this.manager.isLocked(resource);
  }

  /**
   * Runs `task` as a part of what the running code does under `lock`, which is released after both. Never asks for a
   * lock: one that is over is told as lost.
   *
   * @internal For what outlives the task that returned it.
   */
  async reenter<T>(lock: Lock, task: Task<T, Lock>): Promise<T> {
    const frame = this.context.holding(lock);
    if (frame !== undefined) return this.context.reenter(frame, task);
    lock.assertHeld();
    throw new LockLostError({ resources: lock.resources, reason: 'released' });
  }

  /**
   * The election of one leader among all processes that ask for the same name. This process takes part from the first
   * call on; later calls give the same election. The leader holds the lock on the resource `name`, so take a name that
   * nobody locks otherwise.
   *
   * @throws LockKeyError for a name that is no resource
   * @throws LockOptionsError for options that are not possible, or that differ from those of an earlier call
   *
   * @example
   * const election = locks.election('importer', { ttl: 15_000 });
   * if (election.isLeader) await importer.run(election.signal);
   */
  election(name: string, options?: LeaderElectionOptions): LeaderElection {
    return this.elections.of(name, options);
  }

  /** @internal Checks the options as `election` does. The process takes no part in the election by that. */
  declareElection(name: string, options?: LeaderElectionOptions): void {
    this.elections.declare(name, options);
  }

  /** Who holds `resource`, node by node. For operators and diagnostics: it may change at any moment. */
  inspect(resource: string, options?: InspectOptions): Promise<LockInspection> {
    return this.manager.inspect(resource, options);
  }

  /**
   * The locks of all nodes: who holds each, for how long, on how many nodes, and how many processes wait. For operators
   * and pages that show locks. A call walks through the keys of every server (`SCAN`, some hundreds at a time), and the
   * list may be old when you read it. Never work without a lock because of it.
   *
   * Each step of the walk takes `nodeTimeout` at most. A node that does not answer, or cannot list its locks, has an
   * `error`. If a server has more than some 200,000 keys, only a part is read, and the list is truncated.
   *
   * @throws LockOptionsError before any node is asked
   * @example
   * const { locks, isTruncated } = await lockService.list({ pattern: 'order:*', limit: 100 });
   */
  list(options?: ListOptions): Promise<LockListing> {
    return this.manager.list(options);
  }

  /**
   * Goes on with a lock that another process, or this one, left with `lock.detach()`. The lock is ours as soon as a
   * majority confirms that it is still there, and is kept alive from then on. It keeps its owner token and its fencing
   * token. While too few nodes answer, the call asks again, for up to `options.wait`.
   *
   * A ticket can be resumed again after a crash, as when a job is tried again, for as long as the nodes keep the lock.
   * Only one caller may use it at a time: the nodes cannot tell two callers with the same ticket apart.
   *
   * @param options those of a lock, without `fencing`. The default of `ttl` is the ttl of the ticket
   * @throws LockLostError when the lock has ended: it expired on the way, or was released
   * @throws LockUnavailableError when too few nodes answered; the ticket may still be good
   * @throws LockOptionsError when it is no ticket, before any node is asked
   *
   * @example
   * await using lock = await locks.resume(job.data.ticket);
   */
  resume(ticket: LockTicket, options?: ResumeOptions): Promise<Lock> {
    return this.marked(this.manager.resume(ticket, options));
  }

  /**
   * Takes the lock away from its holder. For operators: the holder hears of it at its next extension, and two may work
   * at the same time until then. With `ownerToken`, only the lock of that holder is removed: a later holder keeps its
   * lock, except callers of the same process that got the lease by a hand-over (see `Lock.ownerToken`).
   *
   * @returns the number of nodes that removed it; 0 when there was nothing
   * @throws LockUnavailableError when no node answered, or no node that has it confirmed the removal. Such a node may
   * remove it later, so look with `inspect` before you try again
   * @throws LockBusyError when there is only the key of another program, of a type that no lock has: that is never
   * removed
   */
  forceRelease(resource: string, options?: ForceReleaseOptions): Promise<number> {
    return this.manager.forceRelease(resource, options);
  }

  /**
   * The lock that the running code holds through `withLock` or `@Locked`: the innermost, or the one on `resource`.
   *
   * @throws LockKeyError for what cannot be the name of a resource
   */
  current(resource?: string): Lock | undefined {
    return this.context.current(resource === undefined ? undefined : checkResource(resource));
  }

  /**
   * Gives the holders `shutdownTimeout` to finish, takes the remaining locks away, and closes what the service opened.
   * Meanwhile code that runs under a lock may still ask for locks. While a lock of `acquire` is held, all code may,
   * since nobody knows what runs under such a lock. All other waiting ends, and other calls are refused. The Nest
   * module calls `close` when the application shuts down, after the shutdown hooks of all modules.
   */
  close(): Promise<void> {
    return (this.closing ??= this.closeOnce());
  }

  private async acquireWithin(
    unit: UnitOfWork,
    resources: LockTargets,
    given: LockOptions | undefined,
  ): Promise<Lock> {
    const targets = checkTargets(resources);
    const options = this.manager.checkOptions(withModeOf(targets, given));
    const wanted = this.manager.wantedBy(targets, given);
    const acquire = () => this.marked(this.manager.acquireChecked(targets, given, this.asker(true)));
    return unit.acquire({ wanted, options, acquire });
  }

  private take(targets: CheckedTargets, options: LockOptions | undefined): Promise<HeldLock> {
    return this.marked(this.manager.acquireChecked(targets, options, this.asker(false)));
  }

  private asker(takesHandle: boolean): Asker {
    return askerFor(this.context.current() !== undefined || this.units.current() !== undefined, takesHandle);
  }

  private readonly tellOfOwnLock = (error: unknown): never => {
    const isPlain = error instanceof LockBusyError && error.code === 'LOCK_BUSY';
    if (!isPlain || this.context.holdingSome(error.resources) === undefined) throw error;
    throw new LockBusyError(error, waitedForItself(error));
  };

  private marked<T>(taken: Promise<T>): Promise<T> {
    // Most services have no such function. Then a lock needs no further promise.
    return this.onFailure === undefined ? taken : taken.catch(this.onFailure);
  }

  private async closeOnce(): Promise<void> {
    // Tasks of an election hold its lock while they run, and closing waits for holders. So the elections end
    // first.
    const resigned = this.elections.close();
    await this.closeEverything();
    await resigned;
    this.events.complete();
  }
}

/** Without types, a task may be given where a lock is returned: nobody would release it. */
function takesNoTask(method: string): LockOptionsError {
  return new LockOptionsError(
    'task',
    `is not run by ${method}, which returns the lock: ${method}(resources, options?). Use withLock(resources, options?, task).`,
  );
}

showAs(LockService.prototype, 'LockService', () => ({}));
