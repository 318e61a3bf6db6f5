import type { Call, Plan } from './plan';
import type { Random } from './random';

type Style = 'readers' | 'permits' | 'seats' | 'mixed' | 'deployment';

/**
 * Readers and writers; permits, and exclusive holders that wait until all are back; locks on several resources of which
 * some are only read; permits that callers of a process leave to each other; a limit that is raised or lowered while it is in use. Some callers stand in line.
 */
export function addSharing(plan: Plan, random: Random): Plan {
  const style = random.pick<Style>(['readers', 'readers', 'permits', 'seats', 'mixed', 'deployment']);
  const limit = random.whole(1, 3);
  const calls = plan.calls.map((call) => ({
    ...call,
    ...held(call, style, random, limit),
    fair: random.chance(0.3),
  }));
  return { ...plan, calls };
}

/** Permits with a number, of a resource or two. */
export function makeNumberedPermits(plan: Plan, random: Random): Plan {
  const limit = random.whole(1, 3);
  const calls = plan.calls.map((call) => ({
    ...call,
    resources: call.resources.slice(0, 1),
    ...{ limit, permits: random.whole(1, Math.min(2, limit)), fencing: true },
    // A number may take a second round trip, for which there must be time.
    ttl: Math.max(call.ttl, 120),
    holdMs: Math.min(call.holdMs, 300),
  }));
  return { ...plan, calls };
}

function held(call: Call, style: Style, random: Random, limit: number): Partial<Call> {
  const [resource = 'a'] = call.resources;
  switch (style) {
    case 'readers':
      // Readers of one process share a hold where they keep it in the same way.
      return random.chance(0.35) ? {} : { shared: call.resources, ttl: 200, autoExtend: true, ...UNKEPT };
    case 'permits':
      return random.chance(0.12)
        ? {}
        : { resources: [resource], limit, permits: random.whole(1, Math.min(2, limit)) };
    case 'seats':
      return {
        resources: ['a'],
        limit,
        permits: 1,
        autoExtend: true,
        fencing: false,
        holdMs: Math.min(call.holdMs, 40),
      };
    case 'deployment':
      return { resources: [resource], limit: call.client % 2 === 0 ? limit : limit + 1, permits: 1 };
    case 'mixed':
      if (call.resources.length === 1) return random.chance(0.5) ? { shared: call.resources, ...UNKEPT } : {};
      return { shared: call.resources.slice(random.whole(0, 1)), ...UNKEPT };
  }
}

/** Readers are not numbered, and keep nothing. */
const UNKEPT = { fencing: false, holdAtLeast: undefined };
