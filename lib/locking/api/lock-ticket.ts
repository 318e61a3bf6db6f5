import { LockKeyError } from '../../errors/lock-key.error';
import { LockOptionsError } from '../../errors/lock-options.error';
import type { LeftHold } from '../../core/lease';
import { checkTtl } from '../checks/check-lock-options';
import { checkResources, isText } from '../checks/check-resources';
import { describeOwner } from './owner-token';

/**
 * A lock on its way to another process: plain JSON, to be put into a job or a message. Whoever has it can go on with the
 * lock, so send it only where the work goes.
 */
export interface LockTicket {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** That of the lock, if it has one. */
  readonly fencingToken?: number;
  /** How long the nodes keep the lock from `detach()` on, in milliseconds; it has to be resumed within that time. */
  readonly ttl: number;
}

/** What came of the release of a lock that was left. */
export const DETACHED = Promise.resolve('detached' as const);

export function ticketOf({ resources, ownerToken, fencingToken }: LeftHold, ttlMs: number): LockTicket {
  const ticket = { resources: [...resources], ownerToken, ttl: ttlMs };
  return fencingToken === undefined ? ticket : { ...ticket, fencingToken };
}

/** What a ticket says, read once. */
export interface CheckedTicket {
  readonly left: LeftHold;
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
