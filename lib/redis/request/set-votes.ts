import type {
  AcquireDenial,
  AcquireRequest,
  AcquireVote,
  FailedVote,
  LeaveVote,
} from '../../ports/lock-node.interface';
import { VOTES } from '../script/batch-codes';
import { microsFrom, timeFrom, ttlFrom, unexpectedReply } from './redis-votes';

/** Reads the reply of the acquire script for readers, permits and the line. */
export function setAcquireVoteFrom(reply: unknown, request: AcquireRequest): AcquireVote {
  const parts = Array.isArray(reply) ? (reply as unknown[]) : [];
  const [time, outcome] = parts;
  const nodeMicros = timeFrom(time);
  if (nodeMicros === undefined) return unexpectedReply();
  if (outcome === VOTES.denied) return denialFrom(nodeMicros, parts, request) ?? unexpectedReply();
  return outcome === VOTES.granted || outcome === VOTES.replaced
    ? grantFrom(outcome, parts[2], parts[3], parts[4], nodeMicros, request)
    : unexpectedReply();
}

/**
 * Reads the short reply of a batch for a grant without a number, in an empty line: `granted`, and then the slots.
 *
 * @param nodeMicros the time of the node, which stands once in the reply of a batch
 */
export function plainGrantFrom(reply: string, nodeMicros: number, request: AcquireRequest): AcquireVote {
  // Most such grants are for readers.
  if (reply === VOTES.granted && request.limit === undefined)
    return request.line === undefined ? GRANTED : grantedFirstInLine(nodeMicros);
  return reply.startsWith(VOTES.granted)
    ? grantFrom(VOTES.granted, '', reply.slice(1), 0, nodeMicros, request)
    : unexpectedReply();
}

const GRANTED: Grant = { kind: 'granted' };

let lastFirstInLine: Grant = { kind: 'granted', inLine: 0 };

/** One object for all such grants of a batch: nobody changes it. */
function grantedFirstInLine(nodeMicros: number): Grant {
  if (lastFirstInLine.nodeMicros !== nodeMicros) lastFirstInLine = { kind: 'granted', inLine: 0, nodeMicros };
  return lastFirstInLine;
}

function grantFrom(
  outcome: typeof VOTES.granted | typeof VOTES.replaced,
  number: unknown,
  slotsText: unknown,
  inLine: unknown,
  nodeMicros: number,
  { fence, limit, line }: AcquireRequest,
): AcquireVote {
  const value = fence === undefined || number === '' ? undefined : microsFrom(number);
  const slots = limit === undefined ? undefined : slotsFrom(slotsText);
  const isKnown =
    (number === '' || value !== undefined) && slots?.length === limit?.permits && isCount(inLine);
  if (!isKnown) return unexpectedReply();
  const grant: { -readonly [K in keyof Grant]: Grant[K] } = { kind: 'granted' };
  if (outcome === VOTES.replaced) grant.replaced = true;
  if (value !== undefined) grant.fence = value;
  if (slots !== undefined) grant.slots = slots;
  if (line === undefined) return grant;
  grant.inLine = inLine;
  grant.nodeMicros = nodeMicros;
  return grant;
}

type Grant = Extract<AcquireVote, { kind: 'granted' }>;

function denialFrom(
  nodeMicros: number,
  [, , by, left, holder, ahead]: readonly unknown[],
  { line }: AcquireRequest,
): AcquireDenial | undefined {
  const leftMs = ttlFrom(left);
  if (!isReason(by) || leftMs === undefined || typeof holder !== 'string' || !isCount(ahead))
    return undefined;
  return {
    kind: 'denied',
    by,
    ...(by === 'held' || by === 'shared' ? { holderTtlMs: leftMs } : { freeInMs: leftMs }),
    ...(holder === '' ? {} : { holder }),
    ...(line === undefined ? {} : { ahead }),
    nodeMicros,
  };
}

export function leaveVoteFrom(reply: unknown): LeaveVote | FailedVote {
  if (reply === 1) return { kind: 'granted' };
  return reply === 0 ? { kind: 'denied' } : unexpectedReply();
}

function slotsFrom(text: unknown): readonly number[] | undefined {
  return typeof text === 'string' && /^\d+(?:,\d+)*$/.test(text) ? text.split(',').map(Number) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isReason(value: unknown): value is NonNullable<AcquireDenial['by']> {
  return value === 'shared' || value === 'held' || value === 'limit' || value === 'line';
}
