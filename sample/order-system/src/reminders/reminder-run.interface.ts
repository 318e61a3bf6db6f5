/** One run of the cron job, by one process of the fleet. */
export interface ReminderRun {
  readonly id: string;
  readonly pid: number;
  readonly startedAt: Date;
  /** The number of customers who were reminded to pay. */
  readonly reminded: number;
}
