import { microsFrom, timeFrom } from './redis-votes';

/** The reply of the batch script, split into its parts. */
export interface BatchReply {
  /** A letter for each key of each request. */
  readonly letters: string;
  /** The fencing numbers of the grants whose letter says that they have one, in order. */
  readonly numbers: readonly (number | undefined)[];
  /** The node's time in microseconds; 0 if the user has no right to it. */
  readonly micros: number;
  /** The reason why requests failed, if some did. */
  readonly fault: string;
}

/**
 * Reads the reply. Returns undefined for a reply to something else: one of another length, or without the node's
 * time.
 */
export function readBatchReply(reply: unknown, keys: number): BatchReply | undefined {
  if (typeof reply !== 'string') return undefined;
  const end = reply.indexOf(' ');
  if (end < keys) return undefined;
  const faultAt = reply.indexOf(' ', end + 1);
  const micros = timeFrom(faultAt === -1 ? reply.slice(end + 1) : reply.slice(end + 1, faultAt));
  const isWhole = end === keys || reply.charAt(keys) === ',';
  if (micros === undefined || !isWhole) return undefined;
  return {
    letters: reply.slice(0, keys),
    numbers:
      end === keys
        ? NONE
        : reply
            .slice(keys + 1, end)
            .split(',')
            .map(microsFrom),
    micros,
    fault: faultAt === -1 ? '' : reply.slice(faultAt + 1).trim(),
  };
}

const NONE: readonly (number | undefined)[] = [];
