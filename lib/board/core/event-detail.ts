import type { LockEvent } from '../../locking/api/lock-event.interface';
import { printable } from '../../errors/printable';

const LONGEST_DETAIL = 200;

/** The details of an event besides its type, its resources and its node. They contain no owner tokens. */
export function detailOf(event: LockEvent): string | undefined {
  const text = wordsFor(event);
  return text === undefined ? undefined : printable(text).slice(0, LONGEST_DETAIL);
}

function wordsFor(event: LockEvent): string | undefined {
  switch (event.type) {
    case 'acquired':
    case 'resumed':
    case 'unavailable':
      return `after ${ms(event.waitedMs)}`;
    case 'busy': {
      const { host, pid, label } = event.holder ?? {};
      const holder = host === undefined ? '' : `, held by ${host}:${pid}`;
      return `after ${ms(event.waitedMs)}${holder}${label === undefined ? '' : ` "${label}"`}`;
    }
    case 'lost':
      return `${event.error.reason}, after ${ms(event.heldMs)}`;
    case 'released':
      return `${event.outcome}, after ${ms(event.heldMs)}`;
    case 'detached':
      return `after ${ms(event.heldMs)}`;
    case 'force-released':
      return `by an operator, from ${event.nodeCount} nodes`;
    case 'node-down':
    case 'node-refusing':
      return event.error?.message;
    case 'node-guarded':
      return event.forMs === Infinity ? event.reason : `${event.reason}, for ${ms(event.forMs)}`;
    case 'node-warning':
      return event.message;
    default:
      return undefined;
  }
}

function ms(duration: number): string {
  return duration < 1_000 ? `${Math.round(duration)} ms` : `${(duration / 1_000).toFixed(1)} s`;
}
