/** Who is told how far a command is: a task of scripts/lib/progress.mjs. */
export interface ToldProgress {
  /** Whether a line at the end of the terminal shows it; else it takes lines of their own. */
  readonly isSeen: boolean;
  /** `about 7 s left`, or nothing while that is not known. */
  readonly left: string;
  count(done: number, total: number, unit: string): void;
  /** From now on, what is counted is time. */
  countTime(totalMs: number): void;
}
