import { Deadlines } from '../core/deadlines';
import { idsFrom } from '../core/line';
import { NodeGuard } from '../core/node-guard';
import { Redlock } from '../core/redlock';
import { Refusals } from '../core/refusals';
import { SilentNodes } from '../core/silent-nodes';
import type { InspectionSetup } from './inspection/inspect-nodes';
import { NodeReports } from './inspection/node-reports';
import type { LockManagerSettings } from './lock-manager-settings.interface';
import type { AcquisitionSetup } from './waiting/acquisition';
import { Admission } from './waiting/admission';
import { Comebacks } from './waiting/comebacks';
import { Outage } from './waiting/outage';
import type { TurnsOwed } from './waiting/turns-owed';
import { WaitLimits } from './waiting/wait-limits';
import { WaitingLine } from './waiting/waiting-line';

/** The nodes of a lock service: the algorithm on them, and what is known of each. */
export class Fleet {
  readonly redlock: Redlock;
  readonly inspection: InspectionSetup & { readonly guard: NodeGuard };
  private readonly reports: NodeReports;
  private readonly guard: NodeGuard;
  private readonly refusals: Refusals;
  /** Knows silent nodes. Undefined if every node is needed for a quorum. */
  private readonly silence: SilentNodes | undefined;
  private readonly comebacks: Comebacks;

  constructor(private readonly settings: LockManagerSettings) {
    const { nodes, clock, limits, randomness } = settings;
    const { nodeTimeoutMs } = limits;
    this.reports = new NodeReports(settings);
    this.guard = new NodeGuard({
      nodes,
      clock,
      restartGuard: settings.restartGuard,
      guardMs: limits.maxTtlMs,
      onChange: this.reports.guardChanged,
    });
    this.refusals = new Refusals({ ...settings, nodeTimeoutMs, onChange: this.reports.refusalChanged });
    const { guard, refusals } = this;
    if (nodes.length > 2) this.silence = new SilentNodes({ nodes, clock, nodeTimeoutMs, guard, refusals });
    this.redlock = new Redlock({
      nodes,
      clock,
      wall: settings.wall,
      guard,
      refusals,
      silence: this.silence,
      nodeTimeoutMs,
      newOwnerToken: settings.newOwnerToken,
      fraction: randomness.fraction,
      fencing: settings.fencing,
    });
    this.comebacks = new Comebacks(nodes);
    this.inspection = { nodes, clock, timeoutMs: nodeTimeoutMs, guard, refusals };
  }

  /** What the callers of one process share while they wait for these nodes. */
  acquisitionSetup(turnsOwed: TurnsOwed): AcquisitionSetup {
    const { nodes, clock, limits, randomness } = this.settings;
    const { nodeTimeoutMs } = limits;
    return {
      nodes,
      comebacks: this.comebacks,
      clock,
      redlock: this.redlock,
      admission: new Admission(clock),
      line: new WaitingLine(),
      waitLimits: new WaitLimits(clock),
      turnsOwed,
      lines: { nodes, entryMs: 2 * nodeTimeoutMs, newId: idsFrom(randomness.secret) },
      nodeTimeoutMs,
      outage: new Outage(clock, nodeTimeoutMs),
      fraction: randomness.fraction,
    };
  }

  /** Stops everything that looks at the nodes. */
  stop(): void {
    this.guard.stop();
    this.refusals.stop();
    this.silence?.stop();
    this.comebacks.stop();
    this.reports.stop();
    Deadlines.of(this.settings.clock).rest();
  }
}
