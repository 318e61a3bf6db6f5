import { quorumOf } from '../../lib/core/quorum';
import { type Call, type Fault, LONGEST_TTL_MS, type Plan } from './plan';
import type { Random } from './random';

/** Situations that chance alone meets in one of thousands of histories. A part of the histories of a kind has one. */
export function addSituation(plan: Plan, random: Random): Plan {
  switch (plan.kind) {
    case 'slow':
      return addJam(plan, random);
    case 'wiped':
      return addRestartOfMany(plan, random);
    case 'full':
      return addFullLeader(plan, random);
    case 'numbered':
      return addStalls(plan, random);
    default:
      return plan;
  }
}

/**
 * At the end, a node stands still while it is asked for a lock, and for so long that nobody tries any more to release what
 * it was asked for; meanwhile the way to it takes nothing. It still has the request, and grants it when it goes on.
 */
function addJam(plan: Plan, random: Random): Plan {
  if (!random.chance(0.25)) return plan;
  const atMs = plan.healAtMs + random.between(0, 200);
  const client = random.whole(0, plan.clients.length - 1);
  const node = random.whole(0, plan.nodes.length - 1);
  const ttl = random.pick([120, 200, 400]);
  const holdMs = random.pick([0, 5, 40]);
  const jammedMs = holdMs + ttl + random.between(0, 200);
  const call: Call = {
    ...{
      atMs,
      client,
      ttl,
      holdMs,
      resources: ['a'],
      autoExtend: true,
      style: 'acquire',
      wait: 600,
      obeys: false,
    },
  };
  const faults: Fault[] = [
    { what: 'pause', atMs: atMs - 1, node, ms: jammedMs + random.between(5, 60) },
    { what: 'overload', atMs: atMs + random.between(0, 5), client, node, ms: jammedMs },
  ];
  return withMore(plan, { calls: [call], faults, untilMs: atMs + jammedMs + 60 });
}

/** A majority of the nodes restarts while somebody holds a lock, and then another client starts that wants it too. */
function addRestartOfMany(plan: Plan, random: Random): Plan {
  if (plan.restartGuard !== 'strict' || plan.clients.length < 2 || !random.chance(0.3)) return plan;
  const atMs = random.between(100, 300);
  const holder = random.whole(0, plan.clients.length - 1);
  const other = (holder + 1) % plan.clients.length;
  const call: Omit<Call, 'atMs' | 'client'> = {
    resources: ['a'],
    ttl: LONGEST_TTL_MS,
    autoExtend: false,
    style: 'acquire',
    wait: null,
    holdMs: LONGEST_TTL_MS * 0.9,
    obeys: false,
  };
  const positions = random.shuffle(plan.nodes.map((_, node) => node));
  const wipes = positions.slice(0, quorumOf(positions.length)).map((node): Fault => ({
    ...{ what: 'wipe', node },
    atMs: atMs + random.between(0, 10),
    ms: random.between(5, 40),
  }));
  return withMore(plan, {
    calls: [
      { ...call, atMs: atMs - 80, client: holder },
      { ...call, atMs: atMs + 100, client: other, holdMs: 40 },
    ],
    faults: [...wipes, { what: 'crash', atMs: atMs + random.between(20, 90), client: other }],
    untilMs: atMs + 100,
  });
}

/** At the end, the node that would lead is full while many callers of all clients want the same. */
function addFullLeader(plan: Plan, random: Random): Plan {
  if (plan.nodes.length < 3 || plan.clients.length < 2) return plan;
  if (!random.chance(plan.nodes.length > 3 ? 0.8 : 0.2)) return plan;
  const atMs = plan.healAtMs + random.between(0, 200);
  const lastsMs = random.between(300, 1_000);
  const calls = Array.from({ length: random.whole(40, 80) }, (): Call => ({
    atMs: atMs + random.between(10, lastsMs),
    client: random.whole(0, plan.clients.length - 1),
    resources: ['a'],
    ttl: 400,
    autoExtend: true,
    style: 'acquire',
    wait: 2_000,
    holdMs: random.pick([1, 5, 10]),
    obeys: true,
  }));
  const fault: Fault = { what: 'fill', atMs, node: 0, ms: lastsMs + 200 };
  return withMore(plan, { calls, faults: [fault], untilMs: atMs + fault.ms });
}

/** Clients do not run for a while after something was deleted, so that they hear only later what they were granted. */
function addStalls(plan: Plan, random: Random): Plan {
  if (!random.chance(0.5)) return plan;
  const faults = plan.faults.flatMap((fault): Fault[] =>
    fault.what === 'force' && random.chance(0.5)
      ? [
          {
            what: 'stall',
            atMs: fault.atMs + random.between(0, 15),
            client: random.whole(0, plan.clients.length - 1),
            ms: random.between(160, 260),
          },
        ]
      : [],
  );
  return withMore(plan, { faults, untilMs: Math.max(0, ...faults.map(({ atMs }) => atMs + 260)) });
}

function withMore(
  plan: Plan,
  { calls = [], faults, untilMs }: { calls?: readonly Call[]; faults: readonly Fault[]; untilMs: number },
): Plan {
  return {
    ...plan,
    calls: [...plan.calls, ...calls].sort((a, b) => a.atMs - b.atMs),
    faults: [...plan.faults, ...faults].sort((a, b) => a.atMs - b.atMs),
    healAtMs: Math.max(plan.healAtMs, untilMs),
  };
}
