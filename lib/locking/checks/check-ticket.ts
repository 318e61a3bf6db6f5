import type { LeftLease } from '../../core/lease';
import { isText } from '../../errors/is-text';
import { LockKeyError } from '../../errors/lock-key.error';
import { LockOptionsError } from '../../errors/lock-options.error';
import type { LockTicket } from '../api/lock-ticket';
import { describeOwner } from '../api/owner-token';
import { checkTtl } from './check-lock-options';
import { checkResources } from './check-resources';

/** What a ticket says, read once. */
export interface CheckedTicket {
  readonly left: LeftLease;
  readonly ttlMs: number;
}

/** Longer than any that we make: the host in it has a bound. */
const LONGEST_TOKEN = 256;

/** @throws LockOptionsError for what no `detach()` has given */
export function checkTicket(given: unknown): CheckedTicket {
  const { resources, ownerToken, fencingToken, ttl } = readTicket(given);
  if (!isText(ownerToken) || ownerToken === '' || ownerToken.length > LONGEST_TOKEN) {
    throw refusal('ticket.ownerToken', 'is not one of a lock.');
  }
  // JSON of other languages writes null for what is missing.
  const number = fencingToken ?? undefined;
  if (number !== undefined && !(Number.isSafeInteger(number) && (number as number) > 0)) {
    throw refusal('ticket.fencingToken', 'is not one of a lock: it must be a whole number above 0.');
  }
  checkTtl(ttl, 'ticket.ttl');
  const { label } = describeOwner(ownerToken);
  const left = {
    resources: namesIn(resources),
    ownerToken,
    label,
    fencingToken: number as number | undefined,
  };
  return { left, ttlMs: ttl };
}

function readTicket(given: unknown): Readonly<Record<keyof LockTicket, unknown>> {
  if (typeof given === 'string') throw refusal('ticket', 'is a string. Parse it first: JSON.parse(text).');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw refusal('ticket', 'must be the object that detach() gave.');
  }
  try {
    const { resources, ownerToken, fencingToken, ttl } = given as LockTicket;
    return { resources, ownerToken, fencingToken, ttl };
  } catch {
    throw refusal('ticket', 'could not be read: it throws.');
  }
}

function namesIn(resources: unknown): readonly string[] {
  if (!Array.isArray(resources)) throw refusal('ticket.resources', 'must be an array of resources.');
  try {
    return checkResources(resources);
  } catch (error) {
    throw error instanceof LockKeyError
      ? refusal('ticket.resources', `cannot be meant. ${error.message}`)
      : error;
  }
}

function refusal(option: string, message: string): LockOptionsError {
  return new LockOptionsError(option, `${message} Pass on what lock.detach() gave, unchanged.`);
}
