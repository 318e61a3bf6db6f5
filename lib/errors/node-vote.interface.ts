import { printableStart } from './printable';

/** The answer of one node in the attempt that an error is about. */
export interface NodeVote {
  /** The node's name. It contains no secrets. */
  readonly node: string;
  /** `pending`: the attempt was decided before this node answered. */
  readonly vote: 'granted' | 'denied' | 'failed' | 'pending';
  /** The reason of a failed vote. */
  readonly error?: Error;
}

/**
 * Describes votes: "2 of 3 failed (ECONNREFUSED; no answer within 500 ms), 1 granted"
 *
 * It contains no names and addresses, since a message goes further than its error: for example into the
 * `failedReason` of a job, which a customer may read.
 *
 * @param all the number of all nodes, if some of them are not in `votes`
 */
export function describeVotes(votes: readonly NodeVote[], all = votes.length): string {
  const reasons = votes.flatMap(({ error }) => (error === undefined ? [] : reasonOf(error)));
  const shown = [...new Set(reasons)].join('; ');
  const counts = KINDS.flatMap((kind) => {
    const count = votes.filter(({ vote }) => vote === kind).length;
    return count === 0 ? [] : { kind, count };
  });
  return counts
    .map(({ kind, count }, position) => {
      const why = kind === 'failed' && shown !== '' ? ` (${shown})` : '';
      return `${count}${position === 0 ? ` of ${all}` : ''} ${kind}${why}`;
    })
    .join(', ');
}

const KINDS = ['failed', 'granted', 'denied', 'pending'] as const;

const LONGEST_REASON = 120;

/**
 * The reason of an error without addresses and names. Errors of the system contain these, and others may. Of several
 * sentences it is the first one: those after it say what to do, where an address may be meant as an example.
 */
function reasonOf(error: Error): string {
  const end = error.message.slice(0, LONGEST_REASON + 2).search(/\. [A-Z]/);
  const reason = end < 0 ? error.message : error.message.slice(0, end);
  const text = reason.slice(0, LONGEST_REASON);
  const { code } = error as { code?: unknown };
  // "ERR" is the code of whatever has no other one.
  const known =
    typeof code === 'string' && code !== 'ERR' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? code : undefined;
  if (known?.startsWith('E') === true) return known;
  const ofSystem = /\bE(?:AI_)?[A-Z]{3,}\b/.exec(text)?.[0];
  if (ofSystem !== undefined) return ofSystem;
  return MAY_BE_ADDRESS.test(text) ? (known ?? 'an error') : printableStart(reason, LONGEST_REASON);
}

/** Finds text that may be an address: `a:6379`, `redis://a`, `/run/a.sock`, `10.0.0.1`, `a.example`, `user@a`. */
const MAY_BE_ADDRESS = /:\d|[/@\\]|\w\.\w/;
