import { LockOptionsError } from '../errors/lock-options.error';
import { readOptions } from '../errors/read-options';
import { type Fence, type Fenceable, fenceOf } from './fence';
import { checkMaxAhead, type FenceAheadOptions, refuseAhead } from './fence-ahead';
import { FenceException } from './fence.exception';

export const FENCING_TOKEN_HEADER = 'Fencing-Token';
export const FENCING_OWNER_HEADER = 'Fencing-Owner';

/** The headers of Node and Nest, with names in lower case, or those of `fetch`. */
export type HeadersLike =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The headers that a holder sends with every request that its lock protects.
 *
 * @throws LockOptionsError for a lock without a fencing token
 * @example
 * await fetch(url, { method: 'POST', headers: fenceHeaders(lock), signal: lock.signal });
 */
export function fenceHeaders(lock: Fenceable): Record<'Fencing-Token' | 'Fencing-Owner', string> {
  const { token, owner } = fenceOf(lock);
  return { [FENCING_TOKEN_HEADER]: String(token), [FENCING_OWNER_HEADER]: owner };
}

const OPTIONS = ['maxAhead'] satisfies (keyof FenceAheadOptions)[];

/**
 * Reads the fence of a request, in the service that is called. Undefined if the request has none.
 *
 * @throws FenceException (400) if the headers are something else, only one of the two, or more than one of each,
 *   or if the token is further ahead of the clock than `maxAhead`
 * @throws LockOptionsError for what are no headers, and for impossible options
 */
export function readFence(headers: HeadersLike, options: FenceAheadOptions = {}): Fence | undefined {
  const { maxAhead } = readOptions<FenceAheadOptions>(options, OPTIONS, {
    name: 'options',
    what: ', such as { maxAhead: 60_000 }',
    each: 'an option of readFence',
  });
  const maxAheadMs = checkMaxAhead(maxAhead);
  if (typeof (headers as unknown) !== 'object' || (headers as unknown) === null)
    throw new LockOptionsError('headers', 'must be those of a request: readFence(request.headers).');
  const token = headerOf(headers, FENCING_TOKEN_HEADER);
  const owner = headerOf(headers, FENCING_OWNER_HEADER);
  if (token === undefined && owner === undefined) return undefined;
  if (!isToken(token) || !isOwner(owner)) throw new FenceException('FENCE_INVALID');
  return refuseAhead({ token: Number(token), owner }, maxAheadMs);
}

function headerOf(headers: HeadersLike, name: string): unknown {
  if (typeof headers.get === 'function') return headers.get(name) ?? undefined;
  return (headers as Readonly<Record<string, unknown>>)[name.toLowerCase()];
}

function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text));
}

/** An owner is one word. Node joins two headers of the same name with a comma and a space. */
function isOwner(text: unknown): text is string {
  return typeof text === 'string' && /^[\x21-\x2b\x2d-\x7e]{1,128}$/.test(text);
}
