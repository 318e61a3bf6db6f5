import type { LockKind } from '../../core/lock-kind';
import type { Clock } from '../../ports/clock.interface';
import { HandoverBudget, type Handover, type WonLease } from '../waiting/handover-budget';
import type { PlaceInLine } from '../waiting/place-in-line';
import { WaitingLine } from '../waiting/waiting-line';
import type { ReaderGroup } from './reader-group';

/**
 * A holder whose hold others may stand beside lets the next caller of its process ask as soon as it has its answer; an
 * exclusive one keeps its place until it is over (R15).
 */
export function leaveOnceWon(place: PlaceInLine<Handover>, kind: LockKind | undefined): void {
  if (kind === undefined) return;
  if (kind.mode === 'mixed') place.leaveSome(kind.shared);
  else place.leave();
}

/** What a reader has who came to a hold of its process, as if it had won it. */
export function joinOf({ lease }: ReaderGroup, clock: Clock): WonLease {
  return { lease, confirmation: undefined, place: inNoLine(), budget: HandoverBudget.startingAt(clock, 0) };
}

/** A place in a line of its own. */
export function inNoLine(): PlaceInLine<Handover> {
  return new WaitingLine<Handover>().join([], NOBODY);
}

const NOBODY = {
  ttlMs: 0,
  fencing: false,
  autoExtend: false,
  onFirst(): void {
    // It is first from the beginning.
  },
};
