import type { LockTicket } from './lock-ticket';

/**
 * The outcome of a release:
 * - `released`: a majority of the nodes removed it, or keeps it for the next caller of this process; it was ours until
 *   then
 * - `expired`: it was not ours any more
 * - `unknown`: too few nodes answered to say; a node that still has it removes it within its ttl
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
 * The lock that a call with these options gives. With `fencing: true` it has a `fencingToken`, and with a `limit` it
 * has `slots`.
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
 * Tells the compiler the module's `defaults` of an application: `fencing: true` (see {@link LockFor}), and
 * `onBusy: 'skip'` or a function, so that it knows the result of `withLock`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- empty until an application adds to it
export interface LockDefaults {}

/** The lock that a call without the option `fencing` gives. */
export type DefaultLock = LockDefaults extends { fencing: true } ? FencedLock : Lock;

/**
 * The handle of a holder. `await using lock = await locks.acquire('order:7')` releases it at the end of the block.
 */
export interface Lock extends AsyncDisposable {
  /** The names of the resources, without duplicates and sorted. */
  readonly resources: readonly string[];

  /**
   * The mode in which it is held. `mixed`: some of the resources exclusively, and those that were asked for as
   * `{ shared: name }` as a reader.
   */
  readonly mode: 'exclusive' | 'shared' | 'mixed' | 'limited';

  /**
   * The numbers of its permits, if the lock has a `limit`: different numbers from 0 to `limit - 1`, sorted. No other
   * holder has one of them at the same time. So they can be numbers of licence seats, ports or workers. Empty without a
   * `limit`.
   *
   * @example `locks.withLock('seat', { limit: 10 }, ({ slots: [seat] }) => open(LICENCES[seat]))`
   */
  readonly slots: readonly number[];

  /**
   * The value at the key in Redis: who holds it, and 128 random bits. Callers of one lock service that get the resource
   * one after another, without a release in between, may have the same owner token.
   */
  readonly ownerToken: string;

  /** The holder's name for people: its option `label`. */
  readonly label: string | undefined;

  /**
   * A safe integer that is larger for each later holder of the resource; undefined without the option `fencing`. Send
   * it with every write, and let the storage refuse a smaller one than it has seen.
   */
  readonly fencingToken: number | undefined;

  /**
   * Aborted with a `LockLostError` when the lock stops being ours before it was released. Pass it to everything
   * that the lock protects: `fetch(url, { signal: lock.signal })`.
   */
  readonly signal: AbortSignal;

  /**
   * True if the lock is certainly ours at this moment. It reads the clocks, so it is right even after the event
   * loop was blocked.
   */
  readonly isHeld: boolean;

  /**
   * The time in milliseconds for which the lock is certainly ours if it cannot be extended any more. 0 when it is
   * lost or released.
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
   * Keeps the lock until `promise` has settled, with or without an error: `release()`, the end of `withLock` or of a
   * `@Locked` method, and `await using` do not release the lock before. Use it for work whose result the next holder
   * must see: a commit, an upload. Until then the lock is kept alive, `signal` and `isHeld` tell of it, and `maxHold`
   * limits it.
   *
   * Several promises: the lock stays until all have settled. Where the code entered a lock that it held already, the
   * promise counts for that lock. The result of `withLock` comes at once and does not wait for the promise, since the
   * commit may wait for that result. So if the lock is lost after the task and before the commit, only `signal` and
   * `events$` tell it; call `assertHeld()` right before the commit. A rejection is not reported here: await the promise
   * where its error matters.
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
   * Leaves the lock to another process, and gives a ticket: with it, `LockService.resume` goes on with the lock there.
   * This process extends the lock once more and then never again. The nodes keep it for its ttl from now on, and free
   * it if nobody resumes it by then. Call `extend(ttl)` first where the ticket may take longer to arrive.
   *
   * In this process the lock has ended, as after a release: `isHeld` is false, `extend` throws, `release()` and the end
   * of `withLock` do nothing, and `signal` is not aborted. `maxHold` and `holdAtLeast` end too: pass them to `resume`
   * if they should go on.
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
   * Releases the lock. Never rejects; a second call has the outcome of the first. `deferred`: a promise of `holdUntil`
   * has not settled; the lock is released when it has settled, and you need not wait for that. `detached`: the lock was
   * left to another process, and nothing is done.
   */
  release(): Promise<ReleaseOutcome | 'deferred' | 'detached'>;
}
