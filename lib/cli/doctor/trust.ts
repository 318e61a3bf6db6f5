import type { Clock } from '../../ports/clock.interface';
import { systemClock } from '../../system/system-clock';
import type { NodeFacts } from './node-facts';

/** A lock service takes this off the uptime that a server tells, which has whole seconds. */
const ROUNDED_MS = 1_000;
const LOOK_EVERY_MS = 2_000;

/**
 * The time in milliseconds after which all nodes will have run for longer than the largest ttl, so that no lock
 * service guards one because it is young. 0: now. Infinity: some node does not answer, or does not tell its
 * uptime.
 */
export function trustedInMs(nodes: readonly NodeFacts[], maxTtlMs: number): number {
  const waits = nodes.flatMap(({ error, servers }) => {
    if (error !== undefined || servers.length === 0) return [Infinity];
    return servers.map(({ info }) => {
      const uptimeMs = Number(info?.uptime_in_seconds ?? NaN) * 1_000;
      return Number.isFinite(uptimeMs) ? Math.max(0, maxTtlMs + ROUNDED_MS - uptimeMs) : Infinity;
    });
  });
  return Math.max(0, ...waits);
}

/** Looks again until all nodes are trusted, for up to `waitMs`. Returns the result of the last look. */
export async function lookUntilTrusted(
  look: () => Promise<readonly NodeFacts[]>,
  maxTtlMs: number,
  waitMs: number,
  clock: Clock = systemClock,
): Promise<readonly NodeFacts[]> {
  const untilMs = clock.now() + waitMs;
  // The loop ends at the deadline, after a last look.
  for (;;) {
    const facts = await look();
    const leftMs = untilMs - clock.now();
    const neededMs = trustedInMs(facts, maxTtlMs);
    if (neededMs === 0 || leftMs <= 0) return facts;
    await sleep(clock, Math.min(neededMs, leftMs, LOOK_EVERY_MS));
  }
}

function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(ms, resolve);
  });
}
