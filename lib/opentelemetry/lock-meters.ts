import type { Counter, Histogram, Meter, UpDownCounter } from '@opentelemetry/api';
import type { LockLostReason } from '../errors/lock-lost.error';
import { ATTRIBUTE, type LockLabels } from './attributes';

const WAIT_SECONDS = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
];
const HOLD_SECONDS = [...[0.001, 0.005, 0.01, 0.05, 0.1, 0.5], ...[1, 5, 10, 30, 60, 300, 900, 3_600]];
const VALIDITY_SECONDS = [0, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 30, 60, 120];

/** The reasons of losing a lock that nobody intended. */
const ACCIDENTS: readonly LockLostReason[] = ['expired', 'gone'];

/** The metrics of locks. Durations come in milliseconds, and are reported in seconds. */
export class LockMeters {
  private readonly acquireDuration: Histogram;
  private readonly holdDuration: Histogram;
  private readonly validityLeft: Histogram;
  private readonly busyCalls: Counter;
  private readonly unavailableCalls: Counter;
  private readonly extensions: Counter;
  private readonly lostLocks: Counter;
  private readonly heldLocks: UpDownCounter;

  constructor(meter: Meter) {
    this.acquireDuration = histogram(meter, 'redlock.acquire.duration', WAIT_SECONDS, {
      description: 'The time for which callers waited until they had the lock or gave up.',
    });
    this.holdDuration = histogram(meter, 'redlock.hold.duration', HOLD_SECONDS, {
      description: 'The time for which locks were held until their release began or they were lost.',
    });
    this.validityLeft = histogram(meter, 'redlock.release.validity', VALIDITY_SECONDS, {
      description: 'The time for which a lock was still valid when its release began.',
    });
    this.busyCalls = meter.createCounter('redlock.acquire.busy', {
      description: 'Calls that gave up because somebody else held the lock.',
      unit: '{call}',
    });
    this.unavailableCalls = meter.createCounter('redlock.acquire.unavailable', {
      description: 'Calls that gave up because too few nodes answered.',
      unit: '{call}',
    });
    this.extensions = meter.createCounter('redlock.lock.extensions', {
      description: 'Extensions of locks that are held.',
      unit: '{extension}',
    });
    this.lostLocks = meter.createCounter('redlock.lock.lost', {
      description: 'Locks that were lost while they were held.',
      unit: '{lock}',
    });
    this.heldLocks = meter.createUpDownCounter('redlock.lock.held', {
      description: 'Locks that this process holds now.',
      unit: '{lock}',
    });
  }

  /** Adds 0 to the counters. Else the first value of a counter would not count as an increase in monitoring. */
  begin(labels: LockLabels): void {
    for (const counter of [this.busyCalls, this.unavailableCalls, this.extensions]) counter.add(0, labels);
    for (const reason of ACCIDENTS) this.lostLocks.add(0, { ...labels, [ATTRIBUTE.reason]: reason });
    this.heldLocks.add(0, labels);
  }

  acquired(labels: LockLabels, waitedMs: number, outcome: 'acquired' | 'resumed'): void {
    this.recordWait(labels, outcome, waitedMs);
    this.heldLocks.add(1, labels);
  }

  busy(labels: LockLabels, waitedMs: number): void {
    this.recordWait(labels, 'busy', waitedMs);
    this.busyCalls.add(1, labels);
  }

  unavailable(labels: LockLabels, waitedMs: number): void {
    this.recordWait(labels, 'unavailable', waitedMs);
    this.unavailableCalls.add(1, labels);
  }

  extended(labels: LockLabels): void {
    this.extensions.add(1, labels);
  }

  released(labels: LockLabels, outcome: string, heldMs: number, validityMs: number): void {
    this.recordHold(labels, outcome, heldMs);
    this.validityLeft.record(validityMs / 1_000, labels);
  }

  lost(labels: LockLabels, reason: LockLostReason, heldMs: number): void {
    this.recordHold(labels, 'lost', heldMs);
    this.lostLocks.add(1, { ...labels, [ATTRIBUTE.reason]: reason });
  }

  /** Call it once for every `acquired` and `resumed`, however the lock ends. */
  heldNoMore(labels: LockLabels): void {
    this.heldLocks.add(-1, labels);
  }

  private recordWait(labels: LockLabels, outcome: string, waitedMs: number): void {
    this.acquireDuration.record(waitedMs / 1_000, { ...labels, [ATTRIBUTE.outcome]: outcome });
  }

  private recordHold(labels: LockLabels, outcome: string, heldMs: number): void {
    this.holdDuration.record(heldMs / 1_000, { ...labels, [ATTRIBUTE.outcome]: outcome });
  }
}

function histogram(
  meter: Meter,
  name: string,
  explicitBucketBoundaries: number[],
  { description }: { description: string },
): Histogram {
  return meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries } });
}
