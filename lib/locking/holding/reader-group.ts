import type { Lease, Release } from '../../core/lease';
import { remainingMs } from '../../core/validity';
import type { LockLostReason } from '../../errors/lock-lost.error';
import type { CheckedLockOptions } from '../api/complete-lock-options';
import type { LockSurroundings } from './lock-surroundings.interface';
import { firstExtensionAtMs, Renewal, type Renewed } from './renewal';

/**
 * The time for which a lease is open to more readers. If it were longer, a process with overlapping readers would
 * never let a writer in, since its readers would not ask the nodes, which know that a writer waits. If it were
 * shorter, each reader would cost a lease.
 */
const OPEN_FOR_MS = 100;

/** One of the readers, as the others see it. */
export interface Reader {
  lose(reason: LockLostReason): void;
  wasGone(): void;
  reschedule(): void;
}

/**
 * The readers of one process that share a lease on the nodes (R24).
 *
 * ```text
 *  reader 1  |-------|
 *  reader 2     |---------|            to the nodes they are one reader:
 *  reader 3        |------------|      the last one to leave releases the lease
 *  lease     |------------------|
 *            |<-100 ms->| open to more readers
 * ```
 *
 * No reader holds longer than the validity of the lease.
 */
export class ReaderGroup implements Renewed {
  renewal: Renewal | undefined;
  ttlMs: number;
  extendAtMs: number | undefined;
  private readonly readers = new Set<Reader>();
  private readonly openUntilMs: number;
  private isClosed = false;
  /** The reader that left last, and releases the lease. */
  private last: Reader | undefined;

  constructor(
    readonly lease: Lease,
    readonly options: CheckedLockOptions,
    private readonly around: Pick<LockSurroundings<unknown>, 'clock' | 'redlock' | 'fraction' | 'reports'>,
    private readonly onClosed: () => void,
  ) {
    const nowMs = around.clock.now();
    this.openUntilMs = nowMs + OPEN_FOR_MS;
    this.ttlMs = options.ttlMs;
    this.extendAtMs = firstExtensionAtMs(options, nowMs, around.fraction);
  }

  /** True if one more reader may join. */
  get isOpen(): boolean {
    const { clock } = this.around;
    return (
      !this.isClosed && clock.now() < this.openUntilMs && remainingMs(clock, this.lease) >= this.ttlMs / 2
    );
  }

  /** The number of readers that hold it. */
  get size(): number {
    return this.readers.size;
  }

  join(reader: Reader): void {
    this.readers.add(reader);
  }

  /** @param settle receives the result. If the reader is not the last one, the nodes were not asked */
  leave(reader: Reader, settle: (release: Release) => void): void {
    this.readers.delete(reader);
    if (this.readers.size > 0 || this.isClosed) {
      settle(LEFT_TO_OTHERS);
      return;
    }
    this.last = reader;
    this.close();
    // An extension under way would put the key back (R10).
    const release = () => {
      this.around.redlock.release(this.lease, 0, ({ outcome }) => {
        settle({ outcome });
      });
    };
    if (this.renewal === undefined) release();
    else this.renewal.whenDone(release);
  }

  renewing(): Renewal {
    return (this.renewal ??= new GroupRenewal(this, this.around));
  }

  renewalDone(): void {
    this.renewal = undefined;
  }

  /** Ends the joining: no more readers come to this lease. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.onClosed();
  }

  isOver(): boolean {
    return this.isClosed;
  }

  /** The lease was lost, so all readers lose their locks. */
  lose(reason: LockLostReason): void {
    for (const reader of [...this.readers]) reader.lose(reason);
  }

  wasGone(): void {
    for (const reader of this.readers) reader.wasGone();
    this.last?.wasGone();
  }

  reschedule(): void {
    for (const reader of this.readers) reader.reschedule();
  }

  extended(): void {
    this.around.reports.within(undefined, (reports) => {
      reports.extended(this.lease, remainingMs(this.around.clock, this.lease));
    });
  }
}

const LEFT_TO_OTHERS: Release = { outcome: 'released' };

class GroupRenewal extends Renewal {
  /** A reader with a shorter ttl must not shorten the lease of the others. */
  override extend(ttlMs: number): ReturnType<Renewal['extend']> {
    return super.extend(Math.max(ttlMs, this.lock.ttlMs));
  }
}
