import { quorumOf } from '../../lib/core/quorum';
import type { Plan } from './plan';
import type { Random } from './random';

/** The clocks of nodes may differ by less than a quarter of the largest ttl to either side. */
const MOST_NODE_OFF_MS = 600;

const SHORTEST_TTL_MS = 120;

/** So far ahead that what it numbers is above all that the others number for longer than a guard lasts. */
const ASTRAY_MS = 5_000;

/** So fast that keys are gone long before their ttl. */
const SKEWED = 0.2;

const SMALL_OFFS = [0, -400, -30, 30, 400];

/** Who asks for fencing tokens, and whose wall clocks are off. */
export function addFencing(plan: Plan, random: Random): Plan {
  const { kind } = plan;
  const share = isAlwaysFenced(plan) ? 1 : random.pick([0, 0, 0.5, 1, 1]);
  if (share === 0) return plan;
  const areNodesOff = random.chance(0.5);
  const areClientsOff = kind === 'numbered' || random.chance(0.5);
  return {
    ...plan,
    nodes: plan.nodes.map((node, position) => {
      const isOfMinority = position < plan.nodes.length - quorumOf(plan.nodes.length);
      const offMs = areNodesOff ? random.between(-MOST_NODE_OFF_MS, MOST_NODE_OFF_MS) : 0;
      return {
        ...node,
        drift: kind === 'skewed' && isOfMinority ? SKEWED : node.drift,
        offMs: kind === 'astray' && isOfMinority ? ASTRAY_MS : offMs,
      };
    }),
    clients: plan.clients.map((client) => ({
      ...client,
      offMs: areClientsOff
        ? random.pick(kind === 'astray' ? SMALL_OFFS : [...SMALL_OFFS, -20_000, 20_000])
        : 0,
    })),
    // A token may take a second round trip, for which there must be time.
    calls: plan.calls.map((call) => ({
      ...call,
      fencing: random.chance(share),
      ttl: Math.max(call.ttl, SHORTEST_TTL_MS),
    })),
  };
}

/** A grant with a token tells the time of its node. */
function isAlwaysFenced({ kind }: Plan): boolean {
  return ['numbered', 'skewed', 'astray', 'jumping', 'unseen'].includes(kind);
}
