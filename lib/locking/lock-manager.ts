import { showAs } from '../errors/shown-as';
import type { Attempt } from '../core/attempt';
import type { Clock } from '../ports/clock.interface';
import type { Redlock } from '../core/redlock';
import { type Asker, LockCall, type LockCallOwner, OUTSIDE } from './waiting/admission';
import { UnorderedBag } from '../collections/unordered-bag';
import { completeLockOptions, type CheckedLockOptions } from './api/complete-lock-options';
import { checkResource } from './api/check-resources';
import { SharedOptions } from './api/shared-options';
import {
  checkTargets,
  namesOf,
  type CheckedTargets,
  checkSharing,
  kindOf,
  wantedBy,
  withModeOf,
  type Wanted,
} from './api/check-targets';
import { Closing, closedError } from './closing';
import { Fleet } from './fleet';
import { laterTurn } from '../core/later-turn';
import { Acquisition, type AcquisitionListener, type AcquisitionSetup } from './waiting/acquisition';
import { TurnsOwed } from './waiting/turns-owed';
import { forceRelease, ownerTokenIn } from './inspection/force-release';
import { listNodes } from './inspection/list-nodes';
import { inspectNodes, isTaken } from './inspection/inspect-nodes';
import { KeepAlive } from './holding/keep-alive';
import { HeldLock } from './holding/held-lock';
import type { ListOptions, LockListing } from './api/lock-listing.interface';
import type { ReaderGroup } from './holding/reader-group';
import { ReaderGroups } from './holding/reader-groups';
import { joinOf, leaveOnceWon } from './holding/once-won';
import type { ForceReleaseOptions, InspectOptions, LockInspection } from './api/lock-inspection.interface';
import type { LockManagerSettings } from './lock-manager-settings.interface';
import type { LockOptions, ResumeOptions } from './api/lock-options';
import { LockReports } from './holding/lock-reports';
import type { LockSurroundings } from './holding/lock-surroundings.interface';
import type { LockTargets } from './api/lock-target';
import type { LockTicket } from './api/lock-ticket';
import { lookIfReady } from './readiness';
import { checkReadyOptions, type ReadyOptions } from './api/check-ready-options';
import { resume } from './holding/resume';
import { Retries } from './waiting/retries';
import type { Handover, WonLease } from './waiting/handover-budget';
import type { PlaceInLine } from './waiting/place-in-line';

/** Turns single attempts into locks: waits for them, keeps them alive, and releases them. */
export class LockManager implements LockCallOwner<HeldLock>, AcquisitionListener<HeldLock> {
  private readonly redlock: Redlock;
  private readonly fleet: Fleet;
  private readonly acquisitionSetup: AcquisitionSetup;
  /** The options of a call without options. */
  private readonly defaults: CheckedLockOptions;
  private readonly sharedOptions: SharedOptions;
  private readonly around: LockSurroundings<HeldLock>;
  private readonly acquisitions = new UnorderedBag<Acquisition<HeldLock>>();
  private readonly held = new UnorderedBag<HeldLock>();
  /** The attempts whose caller left. Each ends within two node timeouts. */
  private readonly abandonedAttempts = new Set<Promise<void>>();
  private readonly groups: ReaderGroups;
  private readonly retries: Retries;
  private readonly closing: Closing;

  constructor(private readonly settings: LockManagerSettings) {
    const { clock, limits, randomness } = settings;
    this.defaults = completeLockOptions(undefined, settings.defaults, limits);
    this.sharedOptions = new SharedOptions(this.defaults);
    this.fleet = new Fleet(settings);
    this.redlock = this.fleet.redlock;
    const turnsOwed = new TurnsOwed(clock);
    this.acquisitionSetup = this.fleet.acquisitionSetup(turnsOwed);
    this.around = {
      clock,
      redlock: this.redlock,
      keepAlive: new KeepAlive(clock),
      turnsOwed,
      line: this.acquisitionSetup.line,
      limits,
      fraction: randomness.fraction,
      reports: new LockReports(settings),
      onEnded: (lock) => {
        this.held.remove(lock);
        this.closing.holderLeft();
      },
    };
    this.groups = new ReaderGroups(this.around);
    this.retries = new Retries({
      clock,
      fraction: randomness.fraction,
      closedError: (waitedMs) => closedError([], waitedMs),
    });
    this.closing = new Closing({
      clock,
      admission: this.acquisitionSetup.admission,
      acquisitionOf: (call) => this.acquisitionOf(call),
      acquisitions: this.acquisitions,
      held: this.held,
    });
  }

  /** Waits in line behind the callers of this process, then asks the nodes until it has the lock (R7, R15). */
  acquire(resources: LockTargets, given?: LockOptions, asker: Asker = OUTSIDE): Promise<HeldLock> {
    return new Promise((resolve, reject) => {
      this.begin(checkTargets(resources), given, asker, resolve, reject);
    });
  }

  /** Like `acquire`, for resources that were checked already. */
  acquireChecked(targets: CheckedTargets, given: LockOptions | undefined, asker: Asker): Promise<HeldLock> {
    return new Promise((resolve, reject) => {
      this.begin(targets, given, asker, resolve, reject);
    });
  }

  private begin(
    targets: CheckedTargets,
    given: LockOptions | undefined,
    asker: Asker,
    resolve: (lock: HeldLock) => void,
    reject: (error: unknown) => void,
  ): void {
    const names = namesOf(targets);
    const options = withModeOf(targets, given);
    const how =
      options === undefined
        ? this.defaults
        : this.sharedOptions.of(completeLockOptions(options, this.settings.defaults, this.settings.limits));
    const kind = kindOf(targets, how);
    if (kind !== undefined || how.fair) checkSharing(this.settings.nodes, kind);
    if (how.signal?.aborted === true) {
      this.refuse(how.signal.reason, reject);
      return;
    }
    if (!this.closing.admits(asker)) {
      this.refuse(closedError(names, 0), reject);
      return;
    }

    const context = this.around.reports.context();
    const startedAtMs = this.settings.clock.now();
    const call = new LockCall(names, how, this, startedAtMs, resolve, reject, context, asker, kind);
    // A call that may be cancelled needs its acquisition at once, since that hears of the signal.
    const admissible = how.signal === undefined ? call : this.acquisitionOf(call);
    this.acquisitionSetup.admission.enter(admissible);
  }

  admitted(call: LockCall<HeldLock>): void {
    this.acquisitionOf(call).begin();
  }

  won(win: WonLease, acquisition: Acquisition<HeldLock>): void {
    const { options } = acquisition;
    const { lease, place } = win;
    const { sharing } = lease;
    if (sharing === undefined) {
      this.give(win, acquisition);
      return;
    }
    this.give(
      win,
      acquisition,
      sharing.kind?.mode === 'shared' ? this.groups.open(lease, options) : undefined,
    );
    leaveOnceWon(place, sharing.kind);
  }

  joined(acquisition: Acquisition<HeldLock>): boolean {
    const group = this.groups.find(acquisition.resources, acquisition.options);
    if (group === undefined) return false;
    this.give(joinOf(group, this.settings.clock), acquisition, group, true);
    return true;
  }

  private give(win: WonLease, acquisition: Acquisition<HeldLock>, group?: ReaderGroup, joined = false): void {
    const { call, options, asker, context, waitedMs } = acquisition;
    const lock = this.heldLock(win, options, asker.takesHandle, group);
    this.acquisitions.remove(acquisition);
    this.around.reports.within(context, (reports) => {
      reports.acquired(win.lease, waitedMs, lock.remainingMs, { joined, contended: acquisition.isContended });
    });
    call.resolve(lock);
  }

  failed(error: unknown, acquisition: Acquisition<HeldLock>): void {
    this.acquisitions.remove(acquisition);
    this.around.reports.within(acquisition.context, (reports) => {
      reports.failed(error, acquisition.resources, acquisition.waitedMs);
    });
    this.closing.waiterLeft();
    this.refuse(error, acquisition.call.reject);
  }

  /** Rejects a call that may be made again, and would get another answer then. */
  private refuse(error: unknown, reject: (error: unknown) => void): void {
    void laterTurn(this.settings.clock).then(() => {
      reject(error);
    });
  }

  abandoned(attempt: Promise<Attempt>, place: PlaceInLine<Handover>): void {
    const done = this.releaseAbandoned(attempt, place).finally(() => this.abandonedAttempts.delete(done));
    this.abandonedAttempts.add(done);
  }

  /** Checks options. It throws the error with which `acquire` would reject. */
  checkOptions(options?: LockOptions): CheckedLockOptions {
    return completeLockOptions(options, this.settings.defaults, this.settings.limits);
  }

  /** Checks the options of later calls, and that the nodes can hold such locks. */
  checkOptionsOfCalls(options: LockOptions): void {
    const checked = this.checkOptions(options);
    const kind = kindOf(['any'], checked);
    if (kind !== undefined || checked.fair) checkSharing(this.settings.nodes, kind);
  }

  /** Checks that the nodes can hold a lock of which some resources are only read. */
  checkMixed(): void {
    checkSharing(this.settings.nodes, { mode: 'mixed', shared: [] });
  }

  get hasDefaultMaxHold(): boolean {
    return this.settings.defaults.maxHold !== undefined;
  }

  get clock(): Clock {
    return this.settings.clock;
  }

  /** The lock that a call would hold: in which way, and if with a fencing token. */
  wantedBy(targets: CheckedTargets, options: LockOptions | undefined): Wanted {
    return wantedBy(targets, options, this.defaults.fencing);
  }

  /** Waits until a quorum of the nodes can vote. */
  async ready(options?: ReadyOptions): Promise<void> {
    const patience = checkReadyOptions(options);
    return this.retries.until(patience, (leftMs, waitedMs) =>
      lookIfReady(this.fleet.inspection, leftMs, waitedMs),
    );
  }

  /** Goes on with a lock that was detached. */
  resume(ticket: LockTicket, options?: ResumeOptions): Promise<HeldLock> {
    return resume(ticket, options, {
      ...this.around,
      retries: this.retries,
      defaults: this.settings.defaults,
      heldLock: (win, how) => this.heldLock(win, how, true),
    });
  }

  async inspect(resource: string, options?: InspectOptions): Promise<LockInspection> {
    return inspectNodes(this.fleet.inspection, checkResource(resource), options);
  }

  /** Tells if nobody else can get it now. */
  async isLocked(resource: string): Promise<boolean> {
    return isTaken(await this.inspect(resource));
  }

  async list(options?: ListOptions): Promise<LockListing> {
    return listNodes(this.fleet.inspection, options);
  }

  /**
   * Removes `resource` from every node that has it, whoever holds it. With `ownerToken`, removes only the lock of
   * that owner.
   */
  async forceRelease(resource: string, options?: ForceReleaseOptions): Promise<number> {
    const name = checkResource(resource);
    const nodeCount = await forceRelease(this.fleet.inspection, name, ownerTokenIn(options));
    this.around.reports.forceReleased([name], nodeCount);
    return nodeCount;
  }

  /**
   * Refuses new locks except those that the holders ask for, ends all other waiting, gives the holders
   * `timeoutMs`, and then takes their locks away.
   */
  async close(timeoutMs: number): Promise<void> {
    this.retries.close();
    await this.closing.begin(timeoutMs);
    const rest = this.held.all();
    for (const lock of rest) lock.lose('closed');
    await Promise.all([...rest.map((lock) => lock.release()), ...this.abandonedAttempts]);
    this.around.keepAlive.rest();
    this.fleet.stop();
  }

  private acquisitionOf(call: LockCall<HeldLock>): Acquisition<HeldLock> {
    const acquisition = new Acquisition(call, this.acquisitionSetup, this);
    this.acquisitions.add(acquisition);
    return acquisition;
  }

  private heldLock(
    win: WonLease,
    options: CheckedLockOptions,
    isHandle: boolean,
    group?: ReaderGroup,
  ): HeldLock {
    const lock = new HeldLock(win, options, this.around, group);
    lock.isHandle = isHandle;
    this.held.add(lock);
    return lock;
  }

  /** Releases what an attempt may still win after its caller left. */
  private async releaseAbandoned(pending: Promise<Attempt>, place: PlaceInLine<Handover>): Promise<void> {
    const attempt = await pending.catch(() => undefined);
    // The place stays taken until the release is sent. Else the next caller could meet this lock on the nodes.
    const released = attempt?.outcome === 'won' ? this.redlock.releaseAsync(attempt.lease) : undefined;
    place.leave();
    await released;
  }
}

showAs(LockManager.prototype, 'LockManager', () => ({}));
