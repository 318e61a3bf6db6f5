import type { LeaseSharing, LeftLease } from '../../core/lease';
import { areSlots } from '../../core/slots';
import { LockKeyError } from '../../errors/lock-key.error';
import { LockOptionsError } from '../../errors/lock-options.error';
import type { LockTicket } from './lock-ticket';
import { describeOwner } from './owner-token';
import { checkLockOption } from './lock-option-rules';
import { checkResources, isText } from './check-resources';

/** The facts of a ticket, each read once. */
export interface CheckedTicket {
  readonly left: LeftLease;
  readonly ttlMs: number;
}

/** No token of ours is longer, since the name of the host in it is limited. */
const LONGEST_TOKEN = 256;

/** @throws LockOptionsError for a value that does not come from `detach()` */
export function checkTicket(given: unknown): CheckedTicket {
  const { resources, ownerToken, fencingToken, ttl, shared, slots, limit } = readTicket(given);
  if (!isText(ownerToken) || ownerToken === '' || ownerToken.length > LONGEST_TOKEN) {
    throw refusal('ticket.ownerToken', 'is not the owner token of a lock.');
  }
  // JSON of other languages has null for a missing value.
  const number = fencingToken ?? undefined;
  if (number !== undefined && !(Number.isSafeInteger(number) && (number as number) > 0)) {
    throw refusal('ticket.fencingToken', 'must be a whole number above 0.');
  }
  checkLockOption('ttl', ttl, 'ticket.ttl');
  const { label } = describeOwner(ownerToken);
  const names = namesIn(resources);
  const left = {
    resources: names,
    ownerToken,
    label,
    fencingToken: number as number | undefined,
    sharing: sharingIn(names, shared ?? undefined, slots ?? undefined, limit ?? undefined),
  };
  return { left, ttlMs: ttl as number };
}

function readTicket(given: unknown): Readonly<Record<keyof LockTicket, unknown>> {
  if (typeof given === 'string') throw refusal('ticket', 'is a string. Parse it first: JSON.parse(text).');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw refusal('ticket', 'must be the object that detach() gave.');
  }
  try {
    const { resources, ownerToken, fencingToken, ttl, shared, slots, limit } = given as LockTicket;
    return { resources, ownerToken, fencingToken, ttl, shared, slots, limit };
  } catch {
    throw refusal('ticket', 'could not be read: it throws.');
  }
}

/** The way in which the lock was held, if it was not exclusive. */
function sharingIn(
  names: readonly string[],
  shared: unknown,
  slots: unknown,
  limit: unknown,
): LeaseSharing | undefined {
  const rest = { mayHaveStrays: false, awaited: 0, places: undefined, attempt: 0, turnMs: 0, inLine: 0 };
  if (slots !== undefined || limit !== undefined) {
    const count = Array.isArray(slots) ? slots.length : 0;
    const isRight = typeof limit === 'number' && count > 0 && areSlots(slots, count, limit);
    if (!isRight || names.length > 1 || shared !== undefined)
      throw refusal('ticket.slots', 'are not those of a lock.');
    return { ...rest, kind: { mode: 'limited', limit, permits: count }, slots };
  }
  if (shared === undefined) return undefined;
  const read = namesIn(shared, 'ticket.shared');
  if (!read.every((name) => names.includes(name)))
    throw refusal('ticket.shared', 'names a resource that the lock does not have.');
  const mode = read.length === names.length ? 'shared' : 'mixed';
  return { ...rest, kind: { mode, shared: read }, slots: [] };
}

function namesIn(resources: unknown, option = 'ticket.resources'): readonly string[] {
  if (!Array.isArray(resources)) throw refusal(option, 'must be an array of resources.');
  try {
    return checkResources(resources);
  } catch (error) {
    throw error instanceof LockKeyError ? refusal(option, `is wrong. ${error.message}`) : error;
  }
}

function refusal(option: string, message: string): LockOptionsError {
  return new LockOptionsError(option, `${message} Pass the ticket of lock.detach() unchanged.`);
}
