import { writeSync } from 'node:fs';

/** What a client process tells the witness. Moments are in milliseconds on the clock of `monotonicMs`. */
export type Report =
  | StartReport
  /** It was extended, and is valid until then if nothing else happens. */
  | { readonly type: 'extended'; readonly hold: string; readonly untilMs: number }
  /** The task is over, and the lock is released from now on. */
  | { readonly type: 'end'; readonly hold: string; readonly atMs: number }
  /** The signal of the lock aborted. */
  | { readonly type: 'lost'; readonly hold: string; readonly atMs: number }
  /** What came of the wish to have a lock, when it did not come true. */
  | { readonly type: 'busy' | 'unavailable' }
  /** A write to the table that the lock guards; refused: its token was too old. */
  | { readonly type: 'write'; readonly isRefused: boolean }
  /** What must not happen. */
  | { readonly type: 'error'; readonly text: string };

export interface StartReport {
  readonly type: 'start';
  /** Its name: the owner token, and for one of several readers that share it also a number. */
  readonly hold: string;
  readonly resources: readonly string[];
  /** Read after the lock was given. */
  readonly atMs: number;
  /** When it ends, by the clocks of the holder, if it is not extended. */
  readonly untilMs: number;
  readonly fence: number | undefined;
  /** Those of its resources that are only read. */
  readonly shared?: readonly string[];
  /** The permits that it has of its one resource, and how many of them its holder wants to be held at most. */
  readonly permits?: { readonly slots: readonly number[]; readonly limit: number };
}

/** The time on a clock that all processes of this machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The file descriptor of a client process on which it reports. */
export const REPORTS = 3;

/**
 * Returns when the operating system has it. A client that is killed right after this has reported all the same, so
 * no hold is missed.
 */
export function report(what: Report): void {
  writeSync(REPORTS, `${JSON.stringify(what)}\n`);
}
