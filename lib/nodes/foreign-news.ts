import { types } from 'node:util';
import type {
  NodeHold,
  NodeMember,
  NodeMemory,
  NodeStatus,
  NodeStatusChange,
  ServerFacts,
  ServerProduct,
} from '../ports/lock-node.interface';

const MOST_SERVERS = 1_000;
const MOST_MEMBERS = 11_000;
const LONGEST_MESSAGE = 300;
const LONGEST_TYPE = 100;

const STATUSES: readonly unknown[] = ['connecting', 'up', 'down', 'closed'] satisfies NodeStatus[];

export function isStatus(status: unknown): status is NodeStatus {
  return STATUSES.includes(status);
}

/** Reads a status. A value of no known form is ignored. The facts of a server count as a whole or not at all. */
export function statusChangeFrom(given: unknown): NodeStatusChange | undefined {
  try {
    const { status, error, servers, hasForgotten, clockAheadMs } = given as NodeStatusChange;
    if (!isStatus(status)) return undefined;
    const facts = serversFrom(servers);
    return {
      status,
      ...(error === undefined ? {} : { error: errorFrom(error) }),
      ...(facts === undefined ? {} : { servers: facts }),
      ...(hasForgotten === true ? { hasForgotten } : {}),
      ...(isPositive(clockAheadMs) ? { clockAheadMs } : {}),
    };
  } catch {
    return undefined;
  }
}

function serversFrom(given: unknown): ServerFacts[] | undefined {
  if (!Array.isArray(given) || given.length > MOST_SERVERS) return undefined;
  const servers = Array.from({ length: given.length }, (_, i) => serverFrom(given[i]));
  return servers.includes(undefined) ? undefined : (servers as ServerFacts[]);
}

function serverFrom(given: unknown): ServerFacts | undefined {
  const { runId, uptimeMs, evicts, persists, isOneOfCluster, isAdditional, product } = given as ServerFacts;
  if (typeof runId !== 'string' || runId === '' || !(uptimeMs === 0 || isPositive(uptimeMs)))
    return undefined;
  return {
    runId,
    uptimeMs,
    ...(typeof evicts === 'string' && evicts !== '' ? { evicts } : {}),
    ...(typeof persists === 'boolean' ? { persists } : {}),
    ...(typeof isOneOfCluster === 'boolean' ? { isOneOfCluster } : {}),
    ...(typeof isAdditional === 'boolean' ? { isAdditional } : {}),
    ...productFrom(product),
  };
}

function productFrom(given: unknown): { product?: ServerProduct } {
  const { name, version, mode } = Object(given) as ServerProduct;
  if (typeof name !== 'string' || name === '') return {};
  const product = {
    name,
    ...(typeof version === 'string' ? { version } : {}),
    ...(typeof mode === 'string' ? { mode } : {}),
  };
  return { product };
}

/** @throws Error if the value is neither a holder nor null */
export function holdFrom(given: unknown): NodeHold | null {
  if (given === null) return null;
  const { ownerToken, ttlMs, members, foreignType, waiting } = given as NodeHold;
  const held = members === undefined ? undefined : membersFrom(members);
  const inLine = waitingFrom(waiting);
  if (typeof ownerToken === 'string' && isTtl(ttlMs) && held !== null) {
    return {
      ownerToken,
      ttlMs,
      ...(held === undefined ? {} : { members: held }),
      ...(typeof foreignType === 'string' ? { foreignType: foreignType.slice(0, LONGEST_TYPE) } : {}),
      ...(inLine === undefined ? {} : { waiting: inLine }),
    };
  }
  throw new Error('the node told a holder in a form that is not known');
}

/** Reads the members. Null if the value is no list of members. */
function membersFrom(given: unknown): NodeMember[] | null {
  if (!Array.isArray(given) || given.length === 0 || given.length > MOST_MEMBERS) return null;
  const members = Array.from({ length: given.length }, (_, i): NodeMember | undefined => {
    const { ownerToken, ttlMs, slot } = Object(given[i]) as NodeMember;
    if (typeof ownerToken !== 'string' || !isTtl(ttlMs)) return undefined;
    if (slot === undefined) return { ownerToken, ttlMs };
    return Number.isSafeInteger(slot) && slot >= 0 ? { ownerToken, ttlMs, slot } : undefined;
  });
  return members.includes(undefined) ? null : (members as NodeMember[]);
}

function isTtl(given: unknown): given is number {
  return typeof given === 'number' && given >= 0;
}

/** Reads the memory. Null for a value of no known form. */
export function memoryFrom(given: unknown): NodeMemory | null {
  const { usedBytes, limitBytes } = Object(given) as Partial<NodeMemory>;
  const isKnown = (usedBytes === 0 || isPositive(usedBytes)) && isPositive(limitBytes);
  return isKnown ? { usedBytes: usedBytes, limitBytes } : null;
}

export function ownerTokenFrom(given: unknown): string | undefined {
  return typeof given === 'string' ? given : undefined;
}

/** Reads the number of waiters: at least one, if it is known. */
export function waitingFrom(given: unknown): number | undefined {
  return Number.isSafeInteger(given) && isPositive(given) ? given : undefined;
}

/** Returns the error itself if it can be shown, else one with the same text. */
export function errorFrom(given: unknown): Error {
  if (types.isNativeError(given)) {
    const message = Object.getOwnPropertyDescriptor(given, 'message')?.value as unknown;
    if (typeof message === 'string') return given;
  }
  return new Error(given === undefined ? 'the node gave no reason' : textOf(given));
}

function textOf(error: unknown): string {
  try {
    const { message = error } = Object(error) as { message?: unknown };
    return String(message).slice(0, LONGEST_MESSAGE);
  } catch {
    return 'the node gave an error that cannot be read';
  }
}

function isPositive(value: unknown): value is number {
  return Number.isFinite(value) && Number(value) > 0;
}
