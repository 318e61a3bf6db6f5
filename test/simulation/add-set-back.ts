import { type Call, LONGEST_TTL_MS, type Plan } from './plan';
import type { Random } from './random';

/** A process compares its clocks once a second while it holds a lock; its timers are late and its clock is slow. */
const NOTICED_AFTER_MS = 1_050;

/**
 * To histories with machines that sleep: the wall clock of one is set back, and its machine sleeps soon afterwards, while
 * it holds a lock. Only a machine that is not stopped in between, since then nobody can have noticed.
 */
export function addSetBack(plan: Plan, random: Random): Plan {
  if (plan.kind !== 'asleep' || plan.clients.length < 2 || !random.chance(0.5)) return plan;
  const client = random.whole(0, plan.clients.length - 1);
  const isStopped = plan.faults.some(
    (fault) => 'client' in fault && fault.client === client && STOPS.includes(fault.what),
  );
  if (isStopped || (plan.clients[client]?.pauseChance ?? 1) > 0) return plan;

  const atMs = random.between(100, 400);
  const asleepAtMs = atMs + NOTICED_AFTER_MS + random.between(0, 200);
  const asleepMs = random.between(1_500, 2_500);
  const call: Omit<Call, 'atMs' | 'client'> = {
    resources: ['a'],
    ttl: LONGEST_TTL_MS,
    autoExtend: false,
    style: 'acquire',
    wait: null,
    holdMs: LONGEST_TTL_MS * 0.95,
    obeys: false,
  };
  const other = (client + 1) % plan.clients.length;
  return {
    ...plan,
    calls: [
      ...plan.calls,
      { ...call, atMs: atMs - 90, client },
      { ...call, atMs: asleepAtMs, client: other },
    ].sort((a, b) => a.atMs - b.atMs),
    faults: [
      ...plan.faults,
      { what: 'set-wall' as const, atMs, client, ms: -random.pick([400, 5_000, 60_000]) },
      { what: 'suspend' as const, atMs: asleepAtMs, client, ms: asleepMs },
    ].sort((a, b) => a.atMs - b.atMs),
    // Both of its clocks are behind those of the nodes then, which it takes for nodes that ran ahead, and guards itself.
    healAtMs: Math.max(plan.healAtMs, asleepAtMs + asleepMs + LONGEST_TTL_MS),
  };
}

const STOPS: readonly string[] = ['stall', 'suspend', 'crash', 'close', 'set-wall'];
