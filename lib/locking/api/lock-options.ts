/** Options for acquiring and holding one lock. All durations are in milliseconds. */
export interface LockOptions {
  /**
   * The time for which each node keeps the lock if nobody extends it. After a crash of the holder, others wait
   * this long.
   *
   * A longer ttl needs fewer extensions, and the lock survives longer pauses of its holder. It must exceed
   * `nodeTimeout`, and must not exceed `maxTtl`.
   *
   * @default 10_000
   */
  ttl?: number | undefined;

  /**
   * The longest time to wait for the lock. Infinity: for ever. 0: do not wait for a holder. If several callers ask
   * for a free lock at the same moment, and each gets some of the votes, each asks again, for at most
   * `nodeTimeout` more.
   *
   * @default 5_000
   */
  wait?: number | undefined;

  /**
   * The part of the `wait` to spend while too few nodes answer. After that the call fails with
   * `LockUnavailableError`, and does not wait for nodes that may be away for minutes. This time starts when the
   * first attempt of this process has failed because too few nodes answered; with silent nodes that attempt takes
   * `nodeTimeout` too. 0: the first such attempt is the last. Infinity: as long as `wait`.
   *
   * A node that restarted or failed over does not vote for `maxTtl` (see `restartGuard`). A call waits for such
   * guarded nodes only if they vote again within its `wait`. A longer `outageWait` helps if the guard is switched
   * off, or if connections break for longer.
   *
   * @default `nodeTimeout`; with `wait: Infinity` it is Infinity
   */
  outageWait?: number | undefined;

  /**
   * The most callers of this process that may wait for one resource. One more gets a `LockBusyError` at once, so
   * that waiters do not fill the memory. 0: nobody waits behind another caller of this process.
   *
   * @default 10_000
   */
  maxWaiting?: number | undefined;

  /** Cancels the waiting: `acquire` rejects with `signal.reason`. It does not end a lock that is held. */
  signal?: AbortSignal | undefined;

  /**
   * Keeps the lock alive until it is released, lost or held for `maxHold`, by extending it every third of its ttl.
   *
   * @default true
   */
  autoExtend?: boolean | undefined;

  /**
   * The longest time to hold the lock. After this time the lock is released and its signal aborts, so that a task which
   * hangs does not hold it for ever. At least 1.
   *
   * @default Infinity
   */
  maxHold?: number | undefined;

  /**
   * The shortest time to keep the lock on the nodes: an earlier release leaves it there until then. So a short job does
   * not run again in a process whose clock is a little late, or in the same interval. At most 31 days.
   *
   * It may be longer than `maxTtl`. The restart guard does not wait for it: if a majority of the nodes forget the lock,
   * the job can run once more. All nodes that answer at the release, or a second later, keep the lock. If the holder
   * dies, the lock ends after its `ttl`.
   *
   * @default 0
   */
  holdAtLeast?: number | undefined;

  /**
   * Gives the lock a `fencingToken`: a number that is larger for each later holder of the resource. What the lock
   * protects should remember the largest number that it has seen, and refuse smaller ones. Then a holder that was
   * paused past its time changes nothing. Set the option at every place that takes the lock.
   *
   * @default false
   */
  fencing?: boolean | undefined;

  /**
   * - `'exclusive'`: one holder at a time
   * - `'shared'`: any number of readers at a time, and no exclusive holder beside them
   *
   * Readers and writers wait for each other in the order in which they came, so none of them waits for ever. Readers of
   * one process that come within 100 ms share one lease on the nodes. A reader never becomes exclusive: where you may
   * have to write, ask for the exclusive lock from the start. No `fencing`, no `holdAtLeast` and no `limit` with
   * `'shared'`.
   *
   * @default 'exclusive'
   * @example `locks.withLock('report:7', { mode: 'shared' }, () => read())`
   */
  mode?: 'exclusive' | 'shared' | undefined;

  /**
   * The number of permits of the resource that may be held at once, in the whole fleet: 1 to 1,000. All callers
   * should use the same limit. If limits differ, as during a deployment, never more permits are held than the
   * largest limit. An exclusive lock on the same resource excludes all permits, and they exclude it; readers
   * (`mode: 'shared'`) and permits do not exclude each other. Limits above 100 make Redis work longer for each
   * call.
   *
   * `lock.slots` has the numbers of the permits that the holder got.
   *
   * @default none: one holder
   * @example `locks.withLock('api:mail', { limit: 5 }, () => send())`
   */
  limit?: number | undefined;

  /**
   * The number of permits to take, all or none: 1 to `limit`.
   *
   * @default 1
   */
  permits?: number | undefined;

  /**
   * With `true`, an exclusive call that has to wait stands in line with the callers of other processes, first come
   * first served. Shared and limited calls always do, and so do exclusive calls that wait for readers or holders
   * of permits. The line is advice: callers in line get the lock before those that came later, unless their
   * process dies or a node cannot reach it.
   *
   * Without `fair` the order between processes is left to chance, which gives a few more locks per second.
   *
   * @default false
   */
  fair?: boolean | undefined;

  /**
   * The holder's name for people. `inspect`, the program (`ls`, `watch`), events, and the errors of callers that find
   * the lock busy show it. It is kept in Redis as a part of the owner token, so it is no place for a secret. Up to 96
   * characters; one that is no ASCII letter, digit, space, `-`, `_` or `.` counts as 3 for each of its bytes in UTF-8.
   * No control characters.
   *
   * @default none: the holder is known by its host and process
   * @example `locks.withLock('stock', { label: `import ${id}` }, task)`
   */
  label?: string | undefined;
}

/**
 * Options of `resume`. They are those of a lock, without those that the ticket has already: fencing token and
 * label. There is no `outageWait`: while too few nodes answer, `resume` goes on asking for all of `wait`. If it
 * gave up earlier, it would leave a lock that nobody else can go on with.
 */
export type ResumeOptions = Pick<
  LockOptions,
  'ttl' | 'wait' | 'signal' | 'autoExtend' | 'maxHold' | 'holdAtLeast'
>;
