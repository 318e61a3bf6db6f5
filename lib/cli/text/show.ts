import type { LockHolder } from '../../errors/lock-holder.interface';

/** A duration as people say it, to two digits or so: `250 ms`, `9.8 s`, `12 min`, `3.5 h`, `40 d`. */
export function showMs(ms: number | undefined): string {
  if (ms === undefined) return '-';
  if (ms === Infinity) return 'no end';
  if (ms < 1) return `${rounded(ms)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${rounded(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${rounded(ms / 60_000)} min`;
  return ms < 48 * 3_600_000 ? `${rounded(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`;
}

/** The holder as text: `host:pid service "label"`, or the token itself of a client that is not ours. */
export function showHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return '-';
  const { ownerToken, host, pid, serviceId, label } = holder;
  if (host === undefined || pid === undefined) return `token ${ownerToken.slice(0, 40)}`;
  return [`${host}:${pid}`, serviceId, label && JSON.stringify(label)].filter(Boolean).join(' ');
}

/** @param type as the server names it */
export function showForeign(type = 'key'): string {
  return `a ${type} of another program`;
}

/** A duration for JSON, which has no Infinity. It is null for a key without an expiry, and for an unknown time. */
export function jsonMs(ms: number | undefined): number | null {
  return ms === undefined || !Number.isFinite(ms) ? null : Math.round(ms * 1_000) / 1_000;
}

export function jsonHolder(holder: LockHolder | undefined): object | null {
  if (holder === undefined) return null;
  const { ownerToken, host = null, pid = null, serviceId = null, label = null } = holder;
  return { ownerToken, host, pid, serviceId, label };
}

/** Rounds to one decimal below ten, and to a whole number above. */
function rounded(value: number): string {
  return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}
