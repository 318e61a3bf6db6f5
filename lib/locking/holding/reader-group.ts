import type { Lease } from '../../core/lease';
import type { Release } from '../../core/outcomes';
import { remainingMs } from '../../core/validity';
import type { LockLostReason } from '../../errors/lock-lost.error';
import type { CheckedLockOptions } from '../checks/complete-lock-options';
import type { LockSurroundings } from './lock-surroundings.interface';
import { Renewal, type Renewed } from './renewal';

/**
 * How long a hold is open to readers who come later. Longer, and a process whose readers overlap would never let a writer in,
 * since they would not ask the nodes any more, which know that it waits. Shorter, and each reader costs a hold.
 */
const OPEN_FOR_MS = 100;

/** One of the readers, as the others see it. */
export interface Reader {
  lose(reason: LockLostReason): void;
  wasGone(): void;
  reschedule(): void;
}

/**
 * The readers of one process that share a hold on the nodes (R24). To the nodes they are one reader; the last to leave
 * gives it back. None of them outlives what the hold is certain of.
 */
export class ReaderGroup implements Renewed {
  readonly renewal: Renewal;
  private readonly readers = new Set<Reader>();
  private readonly openUntilMs: number;
  private isClosed = false;
  /** It left, and gives the lease back. */
  private last: Reader | undefined;

  constructor(
    readonly lease: Lease,
    readonly options: CheckedLockOptions,
    private readonly around: Pick<LockSurroundings<unknown>, 'clock' | 'redlock' | 'fraction' | 'reports'>,
    private readonly onClosed: () => void,
  ) {
    const nowMs = around.clock.now();
    this.openUntilMs = nowMs + OPEN_FOR_MS;
    this.renewal = new GroupRenewal(lease, options, around, this, nowMs);
  }

  /** Whether one more reader may rely on it. */
  get isOpen(): boolean {
    const { clock } = this.around;
    return (
      !this.isClosed &&
      clock.now() < this.openUntilMs &&
      remainingMs(clock, this.lease.validity) >= this.renewal.ttlMs / 2
    );
  }

  /** So many readers hold it. */
  get size(): number {
    return this.readers.size;
  }

  join(reader: Reader): void {
    this.readers.add(reader);
  }

  /** @param settle what came of it; for those who are not the last, nothing was asked of the nodes */
  leave(reader: Reader, settle: (release: Release) => void): void {
    this.readers.delete(reader);
    if (this.readers.size > 0 || this.isClosed) {
      settle(LEFT_TO_OTHERS);
      return;
    }
    this.last = reader;
    this.close();
    // An extension under way would put it back (R10).
    this.renewal.whenDone(() => {
      this.around.redlock.release(this.lease, 0, (release) => {
        settle({ outcome: release.outcome });
      });
    });
  }

  /** Nobody may come to it any more. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.onClosed();
  }

  isOver(): boolean {
    return this.isClosed;
  }

  /** The hold was lost, and with it all readers. */
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
      reports.extended(this.lease, remainingMs(this.around.clock, this.lease.validity));
    });
  }
}

const LEFT_TO_OTHERS: Release = { outcome: 'released' };

class GroupRenewal extends Renewal {
  /** What one reader asks for must not take from the others what they count on. */
  override extend(ttlMs: number): ReturnType<Renewal['extend']> {
    return super.extend(Math.max(ttlMs, this.ttlMs));
  }
}
