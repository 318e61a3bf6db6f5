import { BehaviorSubject, distinctUntilChanged, type Observable } from 'rxjs';
import { laterTurn } from '../core/later-turn';
import { LockLostError } from '../errors/lock-lost.error';
import { LockOptionsError } from '../errors/lock-options.error';
import { showAs } from '../errors/shown-as';
import type { Lock } from '../locking/api/lock.interface';
import type { HeldLock } from '../locking/holding/held-lock';
import type { Clock } from '../ports/clock.interface';
import { detached } from '../ports/detached';
import type { StandingLock } from './lock-context';
import type { IfStream, StreamIsRefused } from './refuse-streams';

/** Options of an election. All processes should use the same. */
export interface LeaderElectionOptions {
  /**
   * The time in milliseconds for which the nodes keep the leadership of a process that has died. It is the longest
   * time without a leader. A living leader extends its leadership by itself.
   *
   * @default `defaults.ttl` of the module, else 10_000
   */
  ttl?: number | undefined;

  /**
   * Gives each term a `fencingToken`, a number that is larger than those of all terms before it.
   *
   * @default `defaults.fencing` of the module, else false
   */
  fencing?: boolean | undefined;

  /** The name of this process for people, shown by `inspect`, `ls` and events. */
  label?: string | undefined;
}

/** The part of the lock service that an election uses. */
export interface ElectionHost {
  readonly clock: Clock;
  /** Waits for the lock of the election until the signal aborts. */
  acquire(name: string, options: LeaderElectionOptions, signal: AbortSignal): Promise<HeldLock>;
  standing(lock: HeldLock): StandingLock;
  /** Tells if the running code is a task under `lock`. */
  isInside(lock: HeldLock): boolean;
}

/** One leadership of this process, from the grant of the lock until it is lost or given up. */
interface Term {
  readonly lock: HeldLock;
  readonly standing: StandingLock;
  readonly resigned: AbortController;
  /** Aborts when the lock is lost, or when the process resigns. */
  readonly signal: AbortSignal;
  /** The tasks of the term. If the term was lost, they may go on for long, but no later term waits for them. */
  readonly running: Set<Promise<unknown>>;
}

/**
 * Elects one leader among all processes that campaign under the same name, on one exclusive lock. A process that
 * loses the leadership campaigns again. When the leader dies, another process leads after the `ttl` at the latest,
 * and at once when it resigns or shuts down.
 *
 * `isLeader` reads the clocks each time, as `lock.isHeld` does: at no moment is it true in two processes. As with
 * every lock, it cannot stop code that has looked before. So pass `signal` to that code, and use fencing for
 * writes that must not happen twice.
 *
 * {@link LockService.election} makes it.
 *
 * @example
 * ```ts
 * const election = locks.election('importer');
 * election.leader$.subscribe((isLeader) => (isLeader ? importer.start(election.signal) : importer.stop()));
 * ```
 */
export class LeaderElection {
  private readonly leadership = new BehaviorSubject(false);
  /** True while this process leads, false while it does not. It emits the present state first, and then each change. */
  readonly leader$: Observable<boolean> = this.leadership.pipe(distinctUntilChanged());

  private term: Term | undefined;
  private stop: AbortController | undefined;
  private campaign: Promise<void> = Promise.resolve();
  private isClosed = false;

  /** @internal Use `locks.election()`. */
  constructor(
    /** The name of the election, which is the resource that its leader holds. */
    readonly name: string,
    private readonly options: LeaderElectionOptions,
    private readonly host: ElectionHost,
  ) {}

  /** True if this process leads at this moment. */
  get isLeader(): boolean {
    return this.term?.resigned.signal.aborted === false && this.term.lock.isHeld;
  }

  /**
   * The signal of the present term: it aborts when the leadership is lost, with a `LockLostError`, or given up. In a
   * process that does not lead it has aborted already.
   */
  get signal(): AbortSignal {
    // By the clocks, the term may be over before a timer notices it.
    this.term?.lock.noticeEnd();
    return this.term?.signal ?? AbortSignal.abort(this.lostError());
  }

  /** The number of the present term, which grows with each; undefined without a term, or without `fencing`. */
  get fencingToken(): number | undefined {
    return this.term?.lock.fencingToken;
  }

  /** @deprecated It rejects: nobody knows whether this process leads when the stream is read. Read it in the task. */
  run<F extends (lock: Lock, signal: AbortSignal) => unknown>(
    task: F & IfStream<F>,
  ): Promise<StreamIsRefused>;
  /**
   * Runs `task` if this process leads, under the lock of the term; else it resolves to undefined at once. The task gets
   * that lock, and the signal of the term. A task that releases the lock does not end the term: `resign()` does.
   *
   * @throws LockLostError when the task succeeded, but the leadership was lost before it was done
   * @throws LockOptionsError when the task returned an Observable, a generator or a stream, as for a task of `withLock`
   */
  run<T>(task: (lock: Lock, signal: AbortSignal) => T | Promise<T>): Promise<T | undefined>;
  async run<T>(task: (lock: Lock, signal: AbortSignal) => T | Promise<T>): Promise<T | undefined> {
    if (typeof (task as unknown) !== 'function')
      throw new LockOptionsError('task', 'run needs a function: election.run(() => work()).');
    const { term } = this;
    if (term === undefined || !this.isLeader) {
      // Who asks until this process leads must not keep it from the answers of the nodes.
      await laterTurn(this.host.clock);
      return undefined;
    }
    const { running, signal } = term;
    const result = term.standing.enter((lock) => task(lock, signal));
    const settled = result.then(ignore, ignore);
    running.add(settled);
    void settled.then(() => running.delete(settled));
    return result;
  }

  /**
   * Takes part again after `resign()`. A new election campaigns by itself; that of a closed lock service never does.
   */
  start(): void {
    if (this.isClosed || this.stop?.signal.aborted === false) return;
    const stop = (this.stop = new AbortController());
    const before = this.campaign;
    // The election must not keep the async context of its first caller, since it lives longer.
    this.campaign = detached(async () => {
      await before;
      await this.campaignUntil(stop.signal);
    });
  }

  /**
   * Gives the leadership up and takes no part any more, until `start()`. The signal of the term aborts at once; another
   * process leads when the running tasks of `run` have ended. Resolves when the lock is released. Within such a task it
   * resolves at once, since it would wait for that task.
   */
  async resign(): Promise<void> {
    // This comes first, since a listener that hears of the end may call start().
    const { campaign, term } = this;
    this.stop?.abort(this.lostError());
    term?.resigned.abort(this.lostError());
    this.leadership.next(false);
    if (term === undefined || !this.host.isInside(term.lock)) await campaign;
  }

  /** @internal */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.resign();
    this.leadership.complete();
  }

  private async campaignUntil(stop: AbortSignal): Promise<void> {
    const isStopped = (): boolean => stop.aborted;
    while (!isStopped()) {
      let lock: HeldLock;
      try {
        lock = await this.host.acquire(this.name, this.options, stop);
      } catch (error) {
        // The options were checked before, and the wait has no end. So the only expected error is the end of the
        // campaign.
        if (!isStopped()) this.leadership.error(error);
        return;
      }
      await this.serve(lock, stop);
    }
  }

  /** Serves one term. */
  private async serve(lock: HeldLock, stop: AbortSignal): Promise<void> {
    const resigned = new AbortController();
    const signal = AbortSignal.any([lock.signal, resigned.signal]);
    const over = aborted(signal);
    const running = new Set<Promise<unknown>>();
    const standing = this.host.standing(lock);
    let endTerm: () => void = ignore;
    const ended = new Promise<void>((resolve) => (endTerm = resolve));
    // A task may release the lock that it is given, or leave it to another process, and nobody would notice the
    // end of the term. So the lock is held until the term has ended.
    if (lock.isHeld) lock.holdUntil(ended);
    this.term = { lock, standing, resigned, signal, running };
    if (stop.aborted) resigned.abort(stop.reason);
    this.leadership.next(this.isLeader);
    await over;
    this.leadership.next(false);
    // The tasks were told by their signal. No other process may lead while one of them may still rely on the lock.
    await Promise.race([Promise.all(running), aborted(lock.signal)]);
    endTerm();
    // The lock hears of that a moment later. Before, its release would be put off, and nobody would wait for the nodes.
    await ended;
    await standing.end();
    this.term = undefined;
  }

  private lostError(): LockLostError {
    return new LockLostError({ resources: [this.name], reason: 'released' });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      resolve();
    };
    signal.addEventListener('abort', settle, { once: true });
  });
}

function ignore(): void {
  // The caller of the task gets its error.
}

showAs(LeaderElection.prototype, 'LeaderElection', ({ name, isLeader, fencingToken }) => ({
  name,
  isLeader,
  fencingToken,
}));
