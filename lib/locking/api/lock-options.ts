/** How one lock is asked for and held. All durations are in milliseconds. */
export interface LockOptions {
  /**
   * How long each node keeps the lock if nobody extends it: after a crash of the holder, others wait this long.
   *
   * Longer: fewer extensions, and longer stalls of the holder are survived. Must exceed `nodeTimeout` and must not
   * exceed `maxTtl`.
   *
   * @default 10_000
   */
  ttl?: number;

  /**
   * How long to wait for the lock. Infinity: for ever. 0: do not wait for whoever has it. Where nobody has it, but several
   * ask at the same moment and each gets a part of the votes, each asks again, for `nodeTimeout` more at most.
   *
   * @default 5_000
   */
  wait?: number;

  /**
   * For how long of the `wait` to go on while too few nodes answer, counted from when callers of this process first found
   * it so: with silent nodes, when their first attempt has taken `nodeTimeout`. After that time a call fails with `LockUnavailableError`, and does not wait for nodes that may be away for
   * minutes. 0: the first such attempt is the last. Infinity: as long as `wait`.
   *
   * A node that restarted or failed over does not vote for `maxTtl` (see `restartGuard`): a call waits for those that are
   * guarded if they vote again within its `wait`, and else not. More is of use where the guard is switched off, or for
   * connections that break for longer.
   *
   * @default `nodeTimeout`; with `wait: Infinity` it is Infinity
   */
  outageWait?: number;

  /**
   * How many callers of this process may wait for one resource. One more gets a `LockBusyError` at once, so that a crowd
   * does not fill the memory. 0: nobody waits behind another caller of this process.
   *
   * @default 10_000
   */
  maxWaiting?: number;

  /** Cancels the waiting: `acquire` rejects with `signal.reason`. It does not end a lock that is held. */
  signal?: AbortSignal;

  /**
   * Keeps the lock alive until it is released, lost or held for `maxHold`, by extending it every third of its ttl.
   *
   * @default true
   */
  autoExtend?: boolean;

  /**
   * The longest time to hold the lock. After it the lock is released and its signal aborts: a bound on a task that hangs.
   * At least 1.
   *
   * @default Infinity
   */
  maxHold?: number;

  /**
   * A release before that time leaves the lock in place until then, so that a job which is done in no time is not
   * run again by a process whose clock is a little late, or in the same interval. At most 31 days.
   *
   * It may be longer than `maxTtl`. The restart guard does not wait for it: if a majority of the nodes forget what was
   * kept, the job can run once more. All nodes keep it that answer at the release, or a second later. A holder that dies lets the lock go after its `ttl`.
   *
   * @default 0
   */
  holdAtLeast?: number;

  /**
   * Gives the lock a `fencingToken`: a number that grows with every hold of the resource. What the lock protects should
   * remember the largest it has seen and refuse smaller ones, so that a holder which was paused past its time changes
   * nothing. Ask for it at every place that takes the lock.
   *
   * @default false
   */
  fencing?: boolean;

  /**
   * - `'exclusive'`: one holder at a time
   * - `'shared'`: any number of readers at a time, and no exclusive holder beside them
   *
   * Readers and writers wait for each other in the order in which they came, so none of them waits for ever. Readers of one
   * process that come within 100 ms share one hold on the nodes. A reader never becomes exclusive: take the lock exclusively
   * from the start where you may have to write. No `fencing`, no `holdAtLeast` and no `limit` with `'shared'`.
   *
   * @default 'exclusive'
   * @example `locks.withLock('report:7', { mode: 'shared' }, () => read())`
   */
  mode?: 'exclusive' | 'shared';

  /**
   * So many permits of the resource may be held at once, in the whole fleet: 1 to 1,000. Everybody should ask with the same
   * limit; where they differ, as during a deployment, never more than the largest of them are held. An exclusive
   * lock on the same resource excludes all permits, and they exclude it; readers (`mode: 'shared'`) and permits do not
   * exclude each other. Limits above 100 make Redis work longer for each call.
   *
   * Which of the permits it got, a holder reads from `lock.slots`.
   *
   * @default none: one holder
   * @example `locks.withLock('api:mail', { limit: 5 }, () => send())`
   */
  limit?: number;

  /**
   * How many of the `limit` permits to take, all or none: 1 to `limit`.
   *
   * @default 1
   */
  permits?: number;

  /**
   * Whether an exclusive call stands in line with the callers of other processes, first come first served, as soon as it has
   * to wait. Shared and limited calls always do, and exclusive ones that readers or holders of permits are in the way of.
   * The line is advice: whoever is in it gets the lock before those who came later, but for a process that dies or that a
   * node cannot reach.
   *
   * Without it the order between processes is left to chance, which gives a few more locks per second.
   *
   * @default false
   */
  fair?: boolean;

  /**
   * What the holder calls itself, for people: shown by `inspect`, by the program (`ls`, `watch`), by the errors of those
   * who find the lock busy, and with events. It is kept in Redis as a part of the owner token, so it is no place for a
   * secret. Up to 96 characters, where one that is no ASCII letter, digit, space, `-`, `_` or `.` counts as 3 for each
   * of its bytes in UTF-8; no control characters.
   *
   * @default none: the holder is known by its host and process
   * @example `locks.withLock('stock', { label: `import ${id}` }, task)`
   */
  label?: string;
}
