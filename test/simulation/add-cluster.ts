import { addSharing } from './add-sharing';
import type { Call, Fault, Plan } from './plan';
import type { Random } from './random';

const ALL = ['a', 'b', 'c'];

/** Some nodes are clusters, whose masters fail one by one; most callers want what is at several of them. */
export function addCluster(plan: Plan, random: Random): Plan {
  const nodes = plan.nodes.map((node) => ({ ...node, masters: random.pick([1, 2, 3, 3]) }));
  const faults = plan.faults.map((fault): Fault =>
    'node' in fault ? { ...fault, master: random.whole(0, 2) } : fault,
  );
  const calls = plan.calls.map((call): Call =>
    random.chance(0.6) ? { ...call, resources: ALL.slice(random.whole(0, 1), random.whole(2, 3)) } : call,
  );
  const whole = { ...plan, nodes, faults, calls };
  return random.chance(0.6) ? addSharing(whole, random) : whole;
}
