import { addSharing } from './add-sharing';
import type { Call, Fault, Plan } from './plan';
import { Random } from './random';

const ALL = ['a', 'b', 'c'];

/** Some nodes are clusters, whose masters fail one by one; most callers want what is at several of them. */
export function addCluster(plan: Plan, random: Random): Plan {
  const nodes = plan.nodes.map((node) => ({ ...node, masters: random.pick([1, 2, 3, 3]) }));
  const faults = plan.faults.map((fault): Fault =>
    'node' in fault && fault.what !== 'move' ? { ...fault, master: random.whole(0, 2) } : fault,
  );
  const calls = plan.calls.map((call): Call =>
    random.chance(0.6) ? { ...call, resources: ALL.slice(random.whole(0, 1), random.whole(2, 3)) } : call,
  );
  const whole = { ...plan, nodes, faults, calls };
  return addMoves(random.chance(0.6) ? addSharing(whole, random) : whole, new Random(plan.seed, 9));
}

/** Slots go from one master to another, back and forth, while locks are held and asked for. */
function addMoves(plan: Plan, random: Random): Plan {
  if (random.chance(0.4)) return plan;
  const apartMs = random.pick([0, 0, -300, -40, 40, 300]);
  const lastsMs = Math.max(0, ...plan.calls.map(({ atMs, holdMs }) => atMs + holdMs));
  const moves = Array.from({ length: random.whole(1, 8) }, (): Fault => ({
    what: 'move',
    atMs: random.between(0, lastsMs),
    node: random.whole(0, plan.nodes.length - 1),
    resource: random.pick(ALL),
    to: random.whole(0, 2),
  }));
  return {
    ...plan,
    nodes: plan.nodes.map((node) => ({ ...node, apartMs })),
    faults: [...plan.faults, ...moves].sort((a, b) => a.atMs - b.atMs),
    healAtMs: Math.max(plan.healAtMs, ...moves.map(({ atMs }) => atMs)),
  };
}
