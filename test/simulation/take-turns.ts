import type { Call } from './plan';
import type { Random } from './random';

const TTLS = [80, 150, 300, 1_000];

/**
 * Callers that all want the same, most of them in just the same way: a process gives the lease from one to the next as it is.
 * Some ask for another ttl or hold it for longer than its ttl, and some still extend it when they have given it back.
 */
export function takeTurns(random: Random, clientCount: number, lastsMs: number): Call[] {
  const ttl = random.pick(TTLS);
  const resources = random.chance(0.2) ? ['a', 'b'] : ['a'];
  const calls = Array.from({ length: random.whole(10, 50) }, (): Call => ({
    atMs: random.between(0, lastsMs / 2),
    client: random.whole(0, clientCount - 1),
    resources,
    ttl: random.chance(0.05) ? random.pick(TTLS) : ttl,
    autoExtend: random.chance(0.95),
    style: random.chance(0.3) ? 'withLock' : 'acquire',
    wait: random.chance(0.1) ? 50 : 2_000,
    holdMs: random.pick([0, 0, 0, 1, 5, 20, ttl * 0.6, ttl * 1.5]),
    maxHold: random.chance(0.05) ? 40 : undefined,
    holdAtLeast: random.chance(0.02) ? 30 : undefined,
    obeys: random.chance(0.5),
    commitMs: random.chance(0.1) ? random.pick([0, 20]) : undefined,
    passMs: random.chance(0.05) ? ttl * random.pick([0, 0.3, 1.01]) : undefined,
    abortAfterMs: random.chance(0.1) ? random.between(0, 200) : undefined,
    extensions: random.chance(0.15)
      ? [{ afterMs: random.pick([0, 1, 5, 40]), ttl: random.chance(0.4) ? ttl : random.pick(TTLS) }]
      : undefined,
  }));
  const rush = random.chance(0.25) ? makeRush(random, random.whole(0, clientCount - 1), resources, ttl) : [];
  return [...calls.map(withoutCommit), ...rush].sort((a, b) => a.atMs - b.atMs);
}

/** Many callers of one process at once, who need the lease for a moment each. */
function makeRush(random: Random, client: number, resources: readonly string[], ttl: number): Call[] {
  const atMs = random.between(0, 300);
  return Array.from({ length: random.whole(15, 40) }, () => ({
    ...{ atMs, client, resources, ttl, autoExtend: true, style: 'acquire', wait: 2_000, obeys: true },
    holdMs: random.pick([0, 0, 0.5]),
  }));
}

/** Who leaves it to another process has nothing else to wait for. */
function withoutCommit(call: Call): Call {
  return call.passMs === undefined ? call : { ...call, style: 'acquire', commitMs: undefined };
}
