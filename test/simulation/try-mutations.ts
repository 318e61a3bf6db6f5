import type { ToldProgress } from '../helpers/told-progress';
import { makePlan } from './make-plan';
import { CLEAN_UP_WAKES, MUTATIONS, type Mutation } from './mutations';
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
export async function tryMutations(from: number, only = '', progress?: ToldProgress): Promise<number> {
  console.log('| without the rule | from | first seed | broken |\n|---|---|---|---|');
  let survivors = 0;
  const mutations = MUTATIONS.filter(({ name }) => name.includes(only));
  for (const [at, mutation] of mutations.entries()) {
    progress?.count(at, mutations.length, 'rules');
    const caught = await catchMutation(mutation, from, MOST_SEEDS);
    const result =
      caught === undefined ? '– | **survives**' : `${caught.seed} | ${caught.violation.invariant}`;
    const what = mutation.isLiveness ? `${mutation.name} (liveness)` : mutation.name;
    console.log(`| ${what} | ${mutation.rule} | ${result} |`);
    if (caught === undefined) survivors += 1;
  }
  if (only === '') await weighCleanUp(from);
  console.log(survivors === 0 ? '\nEvery one of them is noticed.' : `\n${survivors} survive.`);
  return survivors === 0 ? 0 : 1;
}

/** The clean-up of a failed attempt wakes nobody: without that rule nothing breaks, but attempts collide more often. */
async function weighCleanUp(from: number): Promise<void> {
  const splits = { with: 0, without: 0 };
  for (let seed = from; seed < from + 300; seed++) {
    const plan = makePlan(seed, 'calm');
    splits.with += (await run(plan)).coverage.get('split vote') ?? 0;
    splits.without += (await run(plan, { rules: CLEAN_UP_WAKES })).coverage.get('split vote') ?? 0;
  }
  console.log(
    `\nWhere the clean-up of a failed attempt wakes waiters, 300 calm histories have ${splits.without} split votes ` +
      `instead of ${splits.with}.`,
  );
}
