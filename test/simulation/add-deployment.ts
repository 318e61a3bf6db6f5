import type { Call, Fault, Plan } from './plan';
import type { Random } from './random';

/**
 * A deployment that changes a limit: each process has the old one until its time comes, and the new one from then on. Some
 * are killed and started anew for it, and some end their work with locks of the old one.
 */
export function addDeployment(plan: Plan, random: Random): Plan {
  const [limit, other] = random.shuffle([random.whole(1, 2), random.whole(3, 4)]) as [number, number];
  const { nodes } = plan;
  const lastsMs = Math.max(0, ...plan.calls.map(({ atMs }) => atMs));
  const turnsAtMs = plan.clients.map(() => random.between(0.2, 0.7) * lastsMs);
  const restarts = turnsAtMs.flatMap((atMs, client): Fault[] =>
    random.chance(0.4) ? [{ what: 'crash', atMs, client }] : [],
  );
  // Where there is one node, it sees all holders, and a smaller limit holds at once.
  const isAlone = random.chance(0.4);
  const calls = plan.calls.map((call): Call => {
    const isNew = call.atMs >= (turnsAtMs[call.client] as number);
    const own = isNew ? other : limit;
    const { resources } = call;
    return {
      ...call,
      resources: resources.slice(0, 1),
      ...{ limit: own, permits: random.pick([1, 1, Math.min(2, own)]), fair: random.chance(0.3) },
    };
  });
  return {
    ...plan,
    calls,
    nodes: isAlone ? nodes.slice(0, 1) : nodes,
    faults: [
      ...plan.faults.filter((fault) => !isAlone || !('node' in fault) || fault.node === 0),
      ...restarts,
    ].sort((a, b) => a.atMs - b.atMs),
  };
}
