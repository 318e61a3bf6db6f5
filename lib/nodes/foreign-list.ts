import type { ListedHold, ListedPart, NodePace } from '../ports/node-listing.interface';
import { holdFrom } from './foreign-news';

/** No node of ours puts more than this into a part. */
const MOST_HOLDS = 100_000;

/** @throws Error if the value is no part of a list */
export function listedPartFrom(given: unknown): ListedPart {
  const { holds, next, pace } = given as ListedPart;
  const isPart = Array.isArray(holds) && holds.length <= MOST_HOLDS;
  if (!isPart || (next !== undefined && typeof next !== 'string')) {
    throw new Error('the node gave a part of its list in a form that is not known');
  }
  return {
    holds: Array.from({ length: holds.length }, (_, at) => listedHoldFrom(holds[at])),
    ...(next === undefined ? {} : { next }),
    ...paceFrom(pace),
  };
}

function listedHoldFrom(given: unknown): ListedHold {
  const { resource, waiting } = given as ListedHold;
  const hold = holdFrom(given);
  if (hold === null || typeof resource !== 'string' || resource === '') {
    throw new Error('the node told a holder in a form that is not known');
  }
  const isNumber = Number.isSafeInteger(waiting) && Number(waiting) >= 0;
  return { resource, ...hold, ...(isNumber ? { waiting } : {}) };
}

function paceFrom(given: unknown): { pace?: NodePace } {
  const { roundTripMs, clockAheadMs } = Object(given) as NodePace;
  if (!Number.isFinite(roundTripMs) || roundTripMs < 0) return {};
  return { pace: { roundTripMs, ...(Number.isFinite(clockAheadMs) ? { clockAheadMs } : {}) } };
}
