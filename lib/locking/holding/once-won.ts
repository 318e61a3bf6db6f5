import type { LockKind } from '../../ports/lock-kind';
import type { Clock } from '../../ports/clock.interface';
import { HandoverBudget, type Handover, type WonLease } from '../waiting/handover-budget';
import type { PlaceInLine } from '../waiting/place-in-line';
import { WaitingLine } from '../waiting/waiting-line';
import type { ReaderGroup } from './reader-group';

/**
 * Leaves the places of a holder that does not exclude the next caller: that caller may ask as soon as this one has
 * its answer. An exclusive holder keeps its place until its lock is over (R15).
 */
export function leaveOnceWon(place: PlaceInLine<Handover>, kind: LockKind | undefined): void {
  if (kind === undefined) return;
  if (kind.mode === 'mixed') place.leaveSome(kind.shared);
  else place.leave();
}

/** The lease of a reader that joined a reader group, as if the reader had won it. */
export function joinOf({ lease }: ReaderGroup, clock: Clock): WonLease {
  return { lease, confirmation: undefined, place: inNoLine(), budget: HandoverBudget.startingAt(clock, 0) };
}

/** A place in a line that nobody else can join. */
export function inNoLine(): PlaceInLine<Handover> {
  return new WaitingLine<Handover>().join([], NOBODY);
}

const NOBODY = {
  ttlMs: 0,
  fencing: false,
  autoExtend: false,
  onFirst(): void {
    // This method is never called, since the place is first from the beginning.
  },
};
