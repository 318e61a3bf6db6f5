import { monotonicMs, type Report } from './report';

/** What is counted, and the table at the end. */
export class Summary {
  readonly counts = {
    acquisitions: 0,
    'of them as readers': 0,
    'of them with permits': 0,
    busy: 0,
    unavailable: 0,
    extensions: 0,
    lost: 0,
    overlaps: 0,
    'tokens that did not grow': 0,
    'writes applied': 0,
    'stale writes refused': 0,
    'stale writes through': 0,
    errors: 0,
  };
  readonly faults = new Map<string, number>();
  calms = 0;
  calmsWithProgress = 0;
  private readonly startMs = monotonicMs();
  private lastStartMs: number | undefined;
  private longestGapMs = 0;

  count(report: Report): void {
    const { counts } = this;
    if (report.type === 'start') {
      this.countStart(report.atMs);
      if (report.permits !== undefined) counts['of them with permits'] += 1;
      else if ((report.shared ?? []).length > 0) counts['of them as readers'] += 1;
    }
    if (report.type === 'extended') counts.extensions += 1;
    if (report.type === 'lost') counts.lost += 1;
    if (report.type === 'busy') counts.busy += 1;
    if (report.type === 'unavailable') counts.unavailable += 1;
    if (report.type === 'error') counts.errors += 1;
    if (report.type === 'write') counts[report.isRefused ? 'stale writes refused' : 'writes applied'] += 1;
  }

  countFault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  countCalm(acquisitions: number): void {
    this.calms += 1;
    if (acquisitions > 0) this.calmsWithProgress += 1;
  }

  /** Nothing that was promised was broken, and what could make progress did. */
  get isGood(): boolean {
    const { counts, calms, calmsWithProgress } = this;
    const broken =
      counts.overlaps + counts['tokens that did not grow'] + counts['stale writes through'] + counts.errors;
    return broken === 0 && calms === calmsWithProgress;
  }

  /** One line while it goes on. */
  progress(): string {
    const { acquisitions, unavailable, lost, overlaps } = this.counts;
    return [
      `${((monotonicMs() - this.startMs) / 1_000).toFixed(0)} s`,
      `${acquisitions} acquired, ${unavailable} unavailable, ${lost} lost, ${overlaps} overlaps`,
      `stale writes: ${this.counts['stale writes refused']} refused, ${this.counts['stale writes through']} through`,
    ].join(' | ');
  }

  rows(): [name: string, value: string][] {
    return [
      ...Object.entries(this.counts).map(([name, count]): [string, string] => [name, String(count)]),
      ['calm times with progress', `${this.calmsWithProgress} of ${this.calms}`],
      ['longest time without progress', `${(this.longestGapMs / 1_000).toFixed(1)} s`],
      ...[...this.faults]
        .sort(([, a], [, b]) => b - a)
        .map(([kind, count]): [string, string] => [`fault: ${kind}`, String(count)]),
    ];
  }

  private countStart(atMs: number): void {
    this.counts.acquisitions += 1;
    if (this.lastStartMs !== undefined)
      this.longestGapMs = Math.max(this.longestGapMs, atMs - this.lastStartMs);
    this.lastStartMs = Math.max(atMs, this.lastStartMs ?? atMs);
  }
}
