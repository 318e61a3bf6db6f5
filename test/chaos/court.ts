import type { AppliedWrite } from './guarded-table';
import { monotonicMs, type Report, type StartReport } from './report';
import { Summary } from './summary';
import { Timeline } from './timeline';
import { type Rule, type Violation, Witness } from './witness';
import { type StaleWrite, WriteJudge } from './write-judge';

/** Hears what clients report and the table has accepted, and tells what was broken, with all that led to it. */
export class Court {
  readonly summary = new Summary();

  private readonly witness = new Witness();
  private readonly writeJudge = new WriteJudge();
  private readonly timeline = new Timeline();
  private hasAccused = false;

  constructor(
    private readonly print: (line: string) => void,
    /** Something was broken: there is no need to go on. */
    private readonly onBroken: () => void,
  ) {}

  readonly hear = (client: string, report: Report): void => {
    const { witness, timeline } = this;
    this.summary.count(report);
    if (report.type === 'start') {
      const { hold, resources, atMs, untilMs, fence = 'none' } = report;
      witness.started(client, report).forEach(this.accuse);
      const span = `until ${timeline.time(untilMs)}`;
      timeline.note(`${client} holds ${describe(report)} ${span}: ${hold}, token ${fence}`, resources, atMs);
    } else if (report.type === 'extended') {
      this.note(client, `extends ${report.hold} until ${timeline.time(report.untilMs)}`, report.hold);
      witness.extended(report.hold, report.untilMs);
    } else if (report.type === 'end' || report.type === 'lost') {
      const what = report.type === 'end' ? 'releases' : 'has lost';
      this.note(client, `${what} ${report.hold}`, report.hold, report.atMs);
      witness.ended(report.hold, report.atMs).forEach(this.accuse);
    } else if (report.type === 'error') {
      this.print(`ERROR ${client}: ${report.text}`);
      this.onBroken();
    }
  };

  readonly onFault = (kind: string, victim: string): void => {
    this.summary.countFault(kind);
    this.timeline.note(`-- ${victim}: ${kind}`);
  };

  readonly onHealed = (kind: string, victim: string): void => {
    this.timeline.note(`-- ${victim}: no longer ${kind}`);
  };

  readonly onDeath = (client: string): void => {
    this.witness.died(client).forEach(this.accuse);
  };

  readonly isHolding = (client: string): boolean => this.witness.isHolding(client, monotonicMs());

  /** Judges what is over by now, and the writes that were accepted since the last time. */
  look(nowMs: number, writes: readonly AppliedWrite[]): void {
    this.witness.settleUntil(nowMs).forEach(this.accuse);
    for (const { resource, version, hold, fence } of writes)
      this.timeline.note(`   write ${version} of ${resource} by ${hold}, token ${fence}`, [resource]);
    this.writeJudge.judge(writes).forEach(this.accuseWrite);
  }

  private note(client: string, what: string, hold: string, atMs?: number): void {
    this.timeline.note(`${client} ${what}`, this.witness.resourcesOf(hold), atMs);
  }

  private readonly accuse = ({ rule, resource, earlier, later }: Violation): void => {
    const { summary, timeline } = this;
    summary.counts[rule === 'tokens grow' ? 'tokens that did not grow' : 'overlaps'] += 1;
    const [fromMs, toMs] = [later.fromMs, Math.min(earlier.toMs, later.toMs)];
    const what =
      rule === 'tokens grow'
        ? `token ${earlier.fence ?? 0} and then ${later.fence ?? 0}`
        : `${OVERLAPS[rule]} for ${(toMs - fromMs).toFixed(2)} ms from ${timeline.time(fromMs)}`;
    const who = `${earlier.client} (${earlier.id}) and ${later.client} (${later.id})`;
    this.tell(`${resource}: ${what}: ${who}`, resource, fromMs, toMs);
  };

  private readonly accuseWrite = ({ late, newer }: StaleWrite): void => {
    this.summary.counts['stale writes through'] += 1;
    const [first, second] = [late, newer].map(({ hold, fence }) => `${hold} (token ${fence})`);
    const what = `write ${late.version} by ${first} after one by ${second}`;
    this.tell(`${late.resource}: ${what}`, late.resource, late.startedMs, newer.startedMs);
  };

  /** The first is told with all that happened around it; the rest is counted. */
  private tell(what: string, resource: string, fromMs: number, toMs: number): void {
    if (this.hasAccused) return;
    this.hasAccused = true;
    this.onBroken();
    this.print(`\nVIOLATION ${what}`);
    this.timeline.around(resource, fromMs, toMs).forEach(this.print);
  }
}

const OVERLAPS: Record<Exclude<Rule, 'tokens grow'>, string> = {
  'one holder': 'two holders',
  'readers or writer': 'one who has it alone, and another',
  'one per slot': 'two holders of a permit',
  limit: 'a permit above the limit',
};

function describe({ resources, shared = [], permits }: StartReport): string {
  const names = resources.map((resource) => (shared.includes(resource) ? `${resource} (read)` : resource));
  return (
    names.join(' + ') + (permits === undefined ? '' : ` permit ${permits.slots.join()} of ${permits.limit}`)
  );
}
