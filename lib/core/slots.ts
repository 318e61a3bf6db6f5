import type { AcquireVote } from '../ports/lock-node.interface';
import type { RoundResult } from './round';

/**
 * Permits are numbered slots. Each node chooses slots by itself, so two nodes may give the same caller different
 * ones. Grants of different slots are never added up: N nodes that each count their own holders would admit too
 * many (R25).
 */

/** The slots that a node gave, or undefined if it gave none. */
type Given = readonly number[] | undefined;

/**
 * Tells if `slots` is a valid answer: the right number of different slots within the limit. Users can write nodes.
 */
export function areSlots(slots: unknown, permits: number, limit: number): slots is readonly number[] {
  return (
    Array.isArray(slots) &&
    slots.length === permits &&
    new Set(slots).size === permits &&
    slots.every((slot) => Number.isInteger(slot) && slot >= 0 && slot < limit)
  );
}

/** A name of a set of slots. It does not depend on their order. */
export function nameOfSlots(slots: readonly number[]): string {
  return sorted(slots).join();
}

/** The slots that at least `quorum` nodes gave, all of them together. Undefined: there are no such slots. */
export function agreedSlots(given: readonly Given[], quorum: number): readonly number[] | undefined {
  const counts = new Map<string, number>();
  for (const slots of given) {
    if (slots === undefined) continue;
    const name = nameOfSlots(slots);
    const count = (counts.get(name) ?? 0) + 1;
    if (count >= quorum) return sorted(slots);
    counts.set(name, count);
  }
  return undefined;
}

/**
 * The slots to ask all nodes for in a second round: those that most nodes gave. Of slots that as many nodes gave,
 * the lower ones come first, so that two callers in the same position do not choose each other's slots (R26).
 */
export function mostGiven(given: readonly Given[], permits: number): readonly number[] | undefined {
  const counts = new Map<number, number>();
  for (const slots of given) for (const slot of slots ?? []) counts.set(slot, (counts.get(slot) ?? 0) + 1);
  if (counts.size < permits) return undefined;
  const best = [...counts].sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || a - b);
  return sorted(best.slice(0, permits).map(([slot]) => slot));
}

/** The slots that a node gave besides those that are held. */
export function straySlots(given: Given, held: readonly number[]): readonly number[] {
  return given === undefined ? NONE : given.filter((slot) => !held.includes(slot));
}

/** Leaves out the grants of other permits. */
export function onlyThese(
  round: RoundResult<AcquireVote>,
  slots: readonly number[],
): RoundResult<AcquireVote> {
  const name = nameOfSlots(slots);
  const votes = round.votes.map((vote) =>
    vote?.kind === 'granted' && nameOfSlots(vote.slots ?? []) !== name ? DENIED : vote,
  );
  const granted = votes.filter((vote) => vote?.kind === 'granted').length;
  return {
    ...round,
    nodes: round.nodes,
    failed: round.failed,
    votes,
    granted,
    denied: round.denied + round.granted - granted,
  };
}

const DENIED: AcquireVote = { kind: 'denied' };

const NONE: readonly number[] = [];

function sorted(slots: readonly number[]): readonly number[] {
  return [...slots].sort((a, b) => a - b);
}
