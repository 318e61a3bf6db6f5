/**
 * Permits are numbered slots. Nodes choose slots each for itself, so two of them may give the same caller different ones.
 * Grants of different slots are never added up: N nodes that each count their own holders would let too many in (R25).
 */

/** The slots that a node gave, or undefined where it gave none. */
type Given = readonly number[] | undefined;

/** Whether `slots` is what a node may give: so many different ones within the limit. Nodes can be written by users. */
export function areSlots(slots: unknown, permits: number, limit: number): slots is readonly number[] {
  return (
    Array.isArray(slots) &&
    slots.length === permits &&
    new Set(slots).size === permits &&
    slots.every((slot) => Number.isInteger(slot) && slot >= 0 && slot < limit)
  );
}

/** The same slots in every order of them. */
export function nameOfSlots(slots: readonly number[]): string {
  return sorted(slots).join();
}

/** The slots that `quorum` of the nodes gave, all of them together; undefined: no such slots. */
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
 * Which slots to ask all nodes for in a second round: those that most nodes gave; of slots that as many gave, the lower
 * ones, so that two callers in the same position do not choose crosswise (R26).
 */
export function mostGiven(given: readonly Given[], permits: number): readonly number[] | undefined {
  const counts = new Map<number, number>();
  for (const slots of given) for (const slot of slots ?? []) counts.set(slot, (counts.get(slot) ?? 0) + 1);
  if (counts.size < permits) return undefined;
  const best = [...counts].sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || a - b);
  return sorted(best.slice(0, permits).map(([slot]) => slot));
}

/** What a node gave besides the slots that are held. */
export function straySlots(given: Given, held: readonly number[]): readonly number[] {
  return given === undefined ? NONE : given.filter((slot) => !held.includes(slot));
}

const NONE: readonly number[] = [];

function sorted(slots: readonly number[]): readonly number[] {
  return [...slots].sort((a, b) => a - b);
}
