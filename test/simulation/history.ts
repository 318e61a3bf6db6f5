import { LONGEST_TTL_MS, type Plan } from './plan';
import { run, type RunOptions } from './world';
import type { Violation } from './outcome';

/** What happened in one history, for a reader. */
export async function tell(plan: Plan, options: RunOptions = {}): Promise<string> {
  const lines: string[] = [];
  const { violation } = await run(plan, { ...options, onNote: (line) => lines.push(line) });
  return [
    title(plan, violation),
    `replay: npm run simulate -- --seed ${plan.seed} --kind ${plan.kind}`,
    `${plan.nodes.length} nodes, ${plan.clients.length} clients, heals at ${plan.healAtMs.toFixed(1)} ms; longest ttl ${LONGEST_TTL_MS} ms`,
    ...plan.calls.map((call) => `  ${JSON.stringify(call)}`),
    ...lines,
  ].join('\n');
}

export function title({ seed, kind }: Pick<Plan, 'seed' | 'kind'>, violation: Violation | undefined): string {
  const what = violation === undefined ? 'nothing wrong' : `${violation.invariant}: ${violation.what}`;
  return `seed ${seed} (${kind}): ${what}`;
}
