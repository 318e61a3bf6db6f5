/** Options of {@link RedlockScheduleModule}. All durations are in milliseconds. */
export interface RedlockScheduleOptions {
  /** The `name` of the RedlockModule whose lock service is used. */
  connection?: string | undefined;

  /**
   * The text before the name of a job in its resource.
   *
   * @default 'schedule:'
   */
  prefix?: string | undefined;

  /**
   * The time for which a run of a cron job is remembered after its start, so that a process whose clock is late
   * does not run it again. It must be longer than the difference of the processes' clocks; at most 31 days.
   *
   * @default 300_000 (5 minutes)
   */
  rememberFor?: number | undefined;

  /**
   * The time that the shutdown of the application waits for running jobs, before connections to databases are
   * closed.
   *
   * @default 10_000
   */
  shutdownTimeout?: number | undefined;
}
