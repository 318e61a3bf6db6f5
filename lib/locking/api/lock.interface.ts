import type { LockTicket } from './lock-ticket';

/**
 * What came of giving a lock back:
 * - `released`: a majority of the nodes removed it, or keeps it for the next caller of this process; it was ours until then
 * - `expired`: it was not ours any more
 * - `unknown`: too few nodes answered to say; where it is still kept, it expires by itself within its ttl
 */
export type ReleaseOutcome = 'released' | 'expired' | 'unknown';

/** A lock that was asked for with `fencing: true`, in the call or in the `defaults` of the module. */
export interface FencedLock extends Lock {
  readonly fencingToken: number;
}

/** A lock that was asked for with a `limit`: it has some of the permits of its resource. */
export interface LimitedLock extends Lock {
  readonly mode: 'limited';
  readonly slots: readonly [number, ...number[]];
}

/**
 * What a call with these options gives: `fencing: true` makes sure of a `fencingToken`, and a `limit` of `slots`.
 *
 * Where the module's `defaults` ask for fencing, tell the compiler once, in any file of the application that imports or
 * exports something:
 *
 * @example
 * declare module '@nest-quorum/redlock' {
 *   interface LockDefaults {
 *     fencing: true;
 *   }
 * }
 */
export type LockFor<O> = O extends { limit: number } ? LimitedLock & FencingFor<O> : FencingFor<O>;

type FencingFor<O> = O extends { fencing: true }
  ? FencedLock
  : 'fencing' extends keyof O
    ? Lock
    : DefaultLock;

/**
 * For applications to say what their `defaults` are: `fencing: true` (see {@link LockFor}), and `onBusy: 'skip'` or a
 * function, so that the result of `withLock` is known to the compiler.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- empty until an application adds to it
export interface LockDefaults {}

/** What a call gives that says nothing of fencing. */
export type DefaultLock = LockDefaults extends { fencing: true } ? FencedLock : Lock;

/**
 * The handle of a holder. `await using lock = await locks.acquire('order:7')` releases it at the end of the block.
 */
export interface Lock extends AsyncDisposable {
  /** What is locked: without duplicates, sorted. */
  readonly resources: readonly string[];

  /**
   * How it is held. `mixed`: some of the resources exclusively, and those that were asked for as `{ shared: name }` as a
   * reader.
   */
  readonly mode: 'exclusive' | 'shared' | 'mixed' | 'limited';

  /**
   * Which of the permits it has, where it was asked for with a `limit`: different numbers from 0 to `limit - 1`, sorted. No
   * other holder has one of them at the same time, so they can name what there are so many of: licence seats, ports, ids of
   * workers. Empty without a `limit`.
   *
   * @example `locks.withLock('seat', { limit: 10 }, ({ slots: [seat] }) => open(LICENCES[seat]))`
   */
  readonly slots: readonly number[];

  /**
   * The value at the key in Redis: who holds it, and 128 random bits. Callers of one lock service that have the resource one
   * after another, without a release in between, may have the same.
   */
  readonly ownerToken: string;

  /** What the holder calls itself, for people: its option `label`. */
  readonly label: string | undefined;

  /**
   * A safe integer that grows with every hold of the resource; undefined unless asked for with `fencing`. Send it along
   * with every write, and let the place that is written to refuse a smaller one than it has seen.
   */
  readonly fencingToken: number | undefined;

  /**
   * Aborted with a `LockLostError` when the lock stops being ours before it was released. Pass it on to
   * whatever the lock protects: `fetch(url, { signal: lock.signal })`.
   */
  readonly signal: AbortSignal;

  /** Whether the lock is certainly ours at this moment. Reads the clocks, so a stalled event loop cannot lie. */
  readonly isHeld: boolean;

  /**
   * How long the lock is certainly ours if it cannot be extended any more, in milliseconds. 0 when it is lost or
   * released.
   */
  readonly remainingMs: number;

  /**
   * Throws a `LockLostError` unless the lock is ours for at least `minRemainingMs` (default 0) from now. Call
   * it right before a step that cannot be undone.
   */
  assertHeld(minRemainingMs?: number): void;

  /**
   * Makes the lock last for `ttl` milliseconds from now (default: its own), which then is its ttl. Needed only with
   * `autoExtend: false`, or before a long step that blocks the event loop. A shorter ttl shortens the validity at once,
   * but not what the nodes keep already.
   *
   * @throws LockLostError when it is not ours any more
   * @throws LockUnavailableError when too few nodes answered; the lock keeps what it had
   * @throws LockOptionsError when `ttl` is not one that `acquire` would take
   */
  extend(ttl?: number): Promise<void>;

  /**
   * Keeps the lock until `promise` has settled, however that ends: `release()`, the end of `withLock` or of a `@Locked`
   * method, and `await using` do not release it before. Give it what the next holder must be able to see: a commit, an
   * upload. Until then the lock is kept alive, `signal` and `isHeld` tell of it, and `maxHold` bounds it.
   *
   * Of several promises, it waits for all. Where the code entered a lock that it held already, it counts for that lock.
   * Nobody waits for the promise: the result of `withLock` comes at once, since the commit may wait for that in turn. So
   * a lock that is lost after the task and before the commit is told by `signal` and `events$` only; call `assertHeld()`
   * right before the commit. A rejection is not reported here: await the promise where its error matters.
   *
   * @throws LockLostError when the lock is lost, or was released already
   * @throws LockOptionsError when it is no promise
   *
   * @example
   * ```ts
   * lock.holdUntil(new Promise<void>((resolve) => runOnTransactionComplete(() => resolve())));
   * ```
   */
  holdUntil(promise: PromiseLike<unknown>): void;

  /**
   * Leaves the lock to another process, and gives a ticket with which `LockService.resume` goes on with it there. The
   * lock is extended once more and then not by us: the nodes keep it for its ttl from now on, and free it if nobody resumes
   * it by then. Call `extend(ttl)` first where the way may take longer.
   *
   * Here it is over as after a release: `isHeld` is false, `extend` throws, `release()` and the end of `withLock` leave it
   * alone, and `signal` is not aborted. `maxHold` and `holdAtLeast` end with it too: give them to `resume` where they
   * should hold on.
   *
   * @throws LockLostError when it is not ours any more
   * @throws LockUnavailableError when too few nodes answered; the lock keeps what it had
   * @throws LockOptionsError while a promise of `holdUntil` has not settled
   *
   * @example
   * ```ts
   * const lock = await locks.acquire(`order:${id}`);
   * await queue.add('ship', { id, ticket: await lock.detach() });
   * ```
   */
  detach(): Promise<LockTicket>;

  /**
   * Gives the lock back. Never rejects; a second call tells what came of the first. `deferred`: a promise of `holdUntil`
   * has not settled, so the lock is released when it has, and nobody needs to wait for that. `detached`: it was left to
   * another process, and nothing is done.
   */
  release(): Promise<ReleaseOutcome | 'deferred' | 'detached'>;
}
