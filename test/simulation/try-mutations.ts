import { makePlan } from './make-plan';
import { MUTATIONS, type Mutation } from './mutations';
import type { Violation } from './outcome';
import { run } from './world';

/** After so many histories a mutation counts as one that nobody notices. */
export const MOST_SEEDS = 20_000;

export interface Caught {
  readonly seed: number;
  readonly violation: Violation;
}

/** The first history that goes wrong with a rule switched off. */
export async function catchMutation(
  mutation: Mutation,
  from: number,
  most: number,
): Promise<Caught | undefined> {
  const undo = mutation.apply?.();
  try {
    for (let seed = from; seed < from + most; seed++) {
      const { violation } = await run(makePlan(seed, mutation.kind), { rules: mutation.rules });
      if (violation !== undefined) return { seed, violation };
    }
    return undefined;
  } finally {
    undo?.();
  }
}

/** `npm run simulate -- --mutations`: for each rule, what goes wrong without it. */
export async function tryMutations(from: number): Promise<number> {
  console.log('| without the rule | from | first seed | broken |\n|---|---|---|---|');
  let survivors = 0;
  for (const mutation of MUTATIONS) {
    const caught = await catchMutation(mutation, from, MOST_SEEDS);
    const result =
      caught === undefined ? '– | **survives**' : `${caught.seed} | ${caught.violation.invariant}`;
    const what = mutation.isLiveness ? `${mutation.name} (liveness)` : mutation.name;
    console.log(`| ${what} | ${mutation.rule} | ${result} |`);
    if (caught === undefined) survivors += 1;
  }
  console.log(survivors === 0 ? '\nEvery one of them is noticed.' : `\n${survivors} survive.`);
  return survivors === 0 ? 0 : 1;
}
