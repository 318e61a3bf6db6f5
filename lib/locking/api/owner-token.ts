import { decodeLabel, encodeLabel } from './label';
import type { LockHolder } from '../../errors/lock-holder.interface';

/** The facts about an owner in its token, besides the random part. */
export interface OwnerIdentity {
  readonly host: string;
  readonly pid: number;
  /** An id that tells the lock services of one process apart. */
  readonly serviceId: string;
}

const LONGEST_HOST = 48;

/**
 * Makes tokens of the form `host:pid:service:secret` or `host:pid:service:label:secret`. An operator who looks at
 * the key in Redis can read them. They are shorter than 200 characters, which is as much as a denial tells.
 */
export function ownerTokenFactory(identity: OwnerIdentity, secret: () => string): (label?: string) => string {
  const host = identity.host.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, LONGEST_HOST);
  const prefix = `${host}:${identity.pid}:${identity.serviceId}:`;
  return (label) => (label === undefined ? prefix + secret() : `${prefix}${encodeLabel(label)}:${secret()}`);
}

/** Reads the facts from a token, as far as it is one of ours. */
export function describeOwner(ownerToken: string): LockHolder {
  const parts = /^([A-Za-z0-9._-]+):(\d+):([A-Za-z0-9_-]+):(?:([A-Za-z0-9._%+-]+):)?[A-Za-z0-9_-]{22,}$/.exec(
    ownerToken,
  );
  if (parts === null) return { ownerToken };
  const label = parts[4] === undefined ? undefined : decodeLabel(parts[4]);
  const holder = { ownerToken, host: parts[1], pid: Number(parts[2]), serviceId: parts[3] };
  return label === undefined ? holder : { ...holder, label };
}
