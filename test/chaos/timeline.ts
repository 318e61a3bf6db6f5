import { monotonicMs } from './report';

interface Entry {
  readonly atMs: number;
  /** Undefined: it concerns all of them. */
  readonly resources: readonly string[] | undefined;
  readonly text: string;
}

const MOST_ENTRIES = 50_000;
const BEFORE_MS = 4_000;
const AFTER_MS = 500;
const MOST_LINES = 150;

/** What happened lately, to be looked at when something went wrong. */
export class Timeline {
  private entries: Entry[] = [];
  private readonly startMs = monotonicMs();

  note(text: string, resources?: readonly string[], atMs = monotonicMs()): void {
    this.entries.push({ atMs, resources, text });
    if (this.entries.length > MOST_ENTRIES) this.entries = this.entries.slice(MOST_ENTRIES / 2);
  }

  /** The faults, and the holds of `resource`, around a span of time. */
  around(resource: string, fromMs: number, toMs: number): string[] {
    return this.entries
      .filter(({ atMs }) => atMs > fromMs - BEFORE_MS && atMs < toMs + AFTER_MS)
      .filter(({ resources }) => resources === undefined || resources.includes(resource))
      .sort((a, b) => a.atMs - b.atMs)
      .slice(-MOST_LINES)
      .map(({ atMs, text }) => `${this.time(atMs).padStart(10)}  ${text}`);
  }

  /** Since the beginning, in seconds. */
  time(atMs: number): string {
    return ((atMs - this.startMs) / 1_000).toFixed(4);
  }
}
