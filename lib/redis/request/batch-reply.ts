import { microsFrom, timeFrom } from './redis-votes';

/** The reply of the batch script, taken apart. */
export interface BatchReply {
  /** One for each key of each request. */
  readonly letters: string;
  /** The fencing numbers of those grants whose letter says that they have one, in order. */
  readonly numbers: readonly (number | undefined)[];
  /** The node's time in microseconds; 0 where it may not tell. */
  readonly micros: number;
  /** Why requests failed, if some did. */
  readonly fault: string;
}

/** Undefined for what is the answer to something else: of another length, or without the node's time. */
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
