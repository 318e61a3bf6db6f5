import type { Invariant } from './outcome';
import type { Plan } from './plan';
import { run, type RunOptions } from './world';

const MOST_RUNS = 2_000;

/** Leaves out calls and faults, and evens out what remains, for as long as the same invariant still breaks. */
export async function shrink(plan: Plan, invariant: Invariant, options: RunOptions = {}): Promise<Plan> {
  let best = plan;
  let runs = 0;
  const stillBreaks = async (candidate: Plan) => {
    if (++runs > MOST_RUNS) return false;
    const { violation } = await run(candidate, options);
    if (violation?.invariant !== invariant) return false;
    best = candidate;
    return true;
  };
  // Ends: every round but the last one leaves something out.
  for (let before: Plan | undefined; before !== best;) {
    before = best;
    for (const part of ['faults', 'calls'] as const) {
      for (let size = best[part].length; size >= 1; size = Math.floor(size / 2)) {
        for (let from = 0; from < best[part].length;) {
          const rest = best[part].filter((_, position) => position < from || position >= from + size);
          if (!(await stillBreaks({ ...best, [part]: rest }))) from += size;
        }
      }
    }
    for (const simpler of simplifications(best)) await stillBreaks({ ...best, ...simpler });
  }
  return best;
}

/** Each only part of a plan, so that several of them can go together. */
function simplifications({ clients, nodes, calls }: Plan): Partial<Plan>[] {
  const parts: Partial<Plan>[] = [];
  if (clients.some(({ pauseChance }) => pauseChance > 0))
    parts.push({ clients: clients.map((client) => ({ ...client, pauseChance: 0 })) });
  if (nodes.some(({ drift }) => drift !== 0)) parts.push({ nodes: nodes.map(() => ({ drift: 0 })) });
  calls.forEach((call, position) => {
    const { extensions: _, abortAfterMs: __, holdAtLeast: ___, maxHold: ____, ...bare } = call;
    if (Object.keys(bare).length < Object.keys(call).length)
      parts.push({ calls: calls.map((one, index) => (index === position ? bare : one)) });
  });
  return parts;
}
