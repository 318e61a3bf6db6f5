import type { LeftLease } from '../../core/lease';
import type { LockTicket } from '../api/lock-ticket';

/** What came of the release of a lock that was left. */
export const DETACHED = Promise.resolve('detached' as const);

export function ticketOf({ resources, ownerToken, fencingToken }: LeftLease, ttlMs: number): LockTicket {
  const ticket = { resources: [...resources], ownerToken, ttl: ttlMs };
  return fencingToken === undefined ? ticket : { ...ticket, fencingToken };
}
