/** Options of {@link RedlockScheduleModule}. All durations are in milliseconds. */
export interface RedlockScheduleOptions {
  /** The `name` of the RedlockModule whose lock service is used. */
  connection?: string;

  /**
   * Put before the name of a job to make its resource.
   *
   * @default 'schedule:'
   */
  prefix?: string;

  /**
   * How long a run of a cron job is remembered after it began, so that a process whose clock is late does not run it
   * again. Longer than the clocks of the processes may differ; at most 31 days.
   *
   * @default 300_000 (5 minutes)
   */
  rememberFor?: number;

  /**
   * How long the shutdown of the application waits for the jobs that run, before connections to databases are closed.
   *
   * @default 10_000
   */
  shutdownTimeout?: number;
}
