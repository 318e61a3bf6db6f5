import type { LeaseSharing, LeftLease } from '../../core/lease';
import { LockOptionsError } from '../../errors/lock-options.error';
import type { LockTicket } from '../api/lock-ticket';
import type { ReaderGroup } from './reader-group';

/** The result of releasing a lock that was detached. */
export const DETACHED = Promise.resolve('detached' as const);

/**
 * @throws LockOptionsError while other readers of this process share the lease: its one owner token is theirs too
 */
export function refuseToLeave(group: ReaderGroup | undefined): void {
  if (group === undefined || group.size <= 1) return;
  throw new LockOptionsError(
    'detach',
    'is not possible while other readers of this process share the hold. Give a lock that is to leave a `label` of its ' +
      'own: then nobody shares it.',
  );
}

export function ticketOf(
  { resources, ownerToken, fencingToken, sharing }: LeftLease,
  ttlMs: number,
): LockTicket {
  const ticket = { resources: [...resources], ownerToken, ttl: ttlMs, ...(sharing && heldBy(sharing)) };
  return fencingToken === undefined ? ticket : { ...ticket, fencingToken };
}

function heldBy({ kind, slots }: LeaseSharing): Pick<LockTicket, 'shared' | 'slots' | 'limit'> {
  if (kind === undefined) return {};
  return kind.mode === 'limited' ? { slots: [...slots], limit: kind.limit } : { shared: [...kind.shared] };
}
