import { printableStart } from './printable';

/** What one node answered in the attempt that an error tells about. */
export interface NodeVote {
  /** The node's name, free of secrets. */
  readonly node: string;
  /** `pending`: the attempt was decided before this node answered. */
  readonly vote: 'granted' | 'denied' | 'failed' | 'pending';
  /** Why a failed vote failed. */
  readonly error?: Error;
}

/**
 * "2 of 3 failed (ECONNREFUSED; no answer within 500 ms), 1 granted"
 *
 * Without names and addresses: a message goes further than its error, such as into the `failedReason` of a job that a
 * customer may read.
 *
 * @param all how many nodes there are, where some of them are left out of `votes`
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

/** What the system says has addresses and names in it; so may have what others say. */
function reasonOf(error: Error): string {
  const text = error.message.slice(0, LONGEST_REASON);
  const { code } = error as { code?: unknown };
  const known = typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? code : undefined;
  if (known?.startsWith('E') === true) return known;
  const ofSystem = /\bE(?:AI_)?[A-Z]{3,}\b/.exec(text)?.[0];
  if (ofSystem !== undefined) return ofSystem;
  return MAY_BE_ADDRESS.test(text) ? (known ?? 'an error') : printableStart(error.message, LONGEST_REASON);
}

/** `a:6379`, `redis://a`, `/run/a.sock`, `10.0.0.1`, `a.example`, `user@a`. */
const MAY_BE_ADDRESS = /:\d|[/@\\]|\w\.\w/;
