import { modeAt, type KindOfHold } from '../ports/lock-kind';

/** Tells if code that holds `held` has all of `wanted`: an exclusive holder may read, and a reader may not write. */
export function covers(held: KindOfHold, wanted: KindOfHold): boolean {
  return wanted.resources.every((resource) => coversAt(resource, held, wanted)) && hasPermits(held, wanted);
}

/** Why code that holds some of what it wants cannot have it. Ends the message of a `LockReentrancyError`. */
export function whyNot(held: KindOfHold, wanted: KindOfHold): string {
  const weaker = wanted.resources.filter(
    (resource) => held.resources.includes(resource) && !coversAt(resource, held, wanted),
  );
  const [first] = weaker;
  if (first === undefined) {
    return hasPermits(held, wanted)
      ? 'it does not hold all of them in one lock. Take all of them together in the outer call.'
      : 'it holds fewer of the permits than it asks for now, and others may hold the rest. Take all of them at once in the outer call.';
  }
  const [has, wants] = [modeAt(held.kind, first), modeAt(wanted.kind, first)];
  // Readers and permits stand beside each other: nobody would wait. But one lock must not count as the other.
  if (has === 'shared' && wants === 'limited')
    return 'it holds the resource as a reader, and asks for a permit of it now. A reader has no permit. Use only one of the two.';
  if (has === 'limited' && wants === 'shared')
    return 'it holds a permit of the resource, and asks for it as a reader now. A permit is no reader lock. Use only one of the two.';
  if (has === 'shared')
    return (
      'it holds the resource as a reader, and would wait for itself: two such callers wait for each other for ever. Ask for it ' +
      'exclusively from the start.'
    );
  return has === 'limited'
    ? 'it holds a permit of the resource, and asks for the exclusive lock now: it would wait for itself. Ask for the exclusive lock from the start.'
    : 'it holds the resource exclusively, and asks for a permit of it now. An exclusive lock has no permits. Use only one of the two.';
}

function coversAt(resource: string, held: KindOfHold, wanted: KindOfHold): boolean {
  if (!held.resources.includes(resource)) return false;
  const [has, wants] = [modeAt(held.kind, resource), modeAt(wanted.kind, resource)];
  return has === wants || (has === 'exclusive' && wants === 'shared');
}

/** Callers that nest would else block each other for ever, each of them with one permit. */
function hasPermits({ kind: held }: KindOfHold, { kind: wanted }: KindOfHold): boolean {
  if (wanted?.mode !== 'limited' || held?.mode !== 'limited') return true;
  return held.permits >= wanted.permits;
}
