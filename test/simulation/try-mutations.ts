import type { ToldProgress } from '../helpers/told-progress';
import { Crew } from './crew';
import { makePlan } from './make-plan';
import { CLEAN_UP_WAKES, MUTATIONS, type Mutation } from './mutations';
import { withWorkers } from './workers';
import { run } from './world';

/** After so many histories a mutation counts as one that nobody notices. */
const MOST_SEEDS = 20_000;

/** The longest searches are named at the end. */
const LONGEST = 5;

/** `npm run simulate -- --mutations`: for each rule, what goes wrong without it. */
export async function tryMutations(from: number, only = '', progress?: ToldProgress): Promise<number> {
  console.log(
    '| without the rule | from | first seed | broken | histories | seconds |\n|---|---|---|---|---|---|',
  );
  const mutations = MUTATIONS.filter(({ name }) => name.includes(only));
  const tried: Tried[] = [];
  await withWorkers(async (runners) => {
    const crew = new Crew(runners);
    for (const [at, mutation] of mutations.entries()) {
      progress?.count(at, mutations.length, 'rules');
      tried.push(await tryOne(crew, mutation, from));
    }
  });
  if (only === '') await weighCleanUp(from);
  const longest = tried.toSorted((a, b) => b.seconds - a.seconds).slice(0, LONGEST);
  console.log(
    `\nThe longest took ${longest.map(({ name, seconds }) => `${seconds.toFixed(1)} s: ${name}`).join('; ')}.`,
  );
  const survivors = tried.filter(({ isCaught }) => !isCaught).length;
  console.log(survivors === 0 ? '\nEvery one of them is noticed.' : `\n${survivors} survive.`);
  return survivors === 0 ? 0 : 1;
}

interface Tried {
  readonly name: string;
  readonly isCaught: boolean;
  readonly seconds: number;
}

async function tryOne(crew: Crew, { name, rule, isLiveness }: Mutation, from: number): Promise<Tried> {
  const startMs = performance.now();
  const caught = await crew.search({ from, count: MOST_SEEDS, without: name });
  const seconds = (performance.now() - startMs) / 1_000;
  const result = caught === undefined ? '– | **survives**' : `${caught.seed} | ${caught.violation.invariant}`;
  const histories = caught === undefined ? MOST_SEEDS : caught.seed - from + 1;
  const what = isLiveness ? `${name} (liveness)` : name;
  console.log(`| ${what} | ${rule} | ${result} | ${histories} | ${seconds.toFixed(1)} |`);
  return { name, seconds, isCaught: caught !== undefined };
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
