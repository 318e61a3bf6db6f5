import type { ToldProgress } from '../helpers/told-progress';
import { Crew } from './crew';
import { makePlan } from './make-plan';
import { readMutationTable } from './mutation-table';
import { MUTATIONS, type Mutation, WEIGHED_MUTATIONS } from './mutations';
import type { Invariant } from './outcome';
import { title } from './history';
import type { BrokenHistory } from './stretch';
import { withWorkers } from './workers';
import { run } from './world';

/** After so many histories a mutation counts as one that nobody notices. */
const MOST_SEEDS = 20_000;

const WEIGHED_SEEDS = 300;

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
  let survivors = tried.filter(({ broken }) => broken === undefined).length;
  for (const mutation of WEIGHED_MUTATIONS.filter(({ name }) => name.includes(only)))
    if (!(await weigh(mutation, from))) survivors += 1;
  const longest = tried.toSorted((a, b) => b.seconds - a.seconds).slice(0, LONGEST);
  if (longest.length > 0)
    console.log(
      `\nThe longest took ${longest.map(({ name, seconds }) => `${seconds.toFixed(1)} s: ${name}`).join('; ')}.`,
    );
  tellDifferences(tried);
  const anyway = tried.flatMap(({ brokenAnyway }) => brokenAnyway);
  for (const each of anyway) console.log(`\nWith all rules too: ${title(each, each.violation)}`);
  console.log(survivors === 0 ? '\nEvery one of them is noticed.' : `\n${survivors} survive.`);
  return survivors === 0 && anyway.length === 0 ? 0 : 1;
}

interface Tried {
  readonly name: string;
  readonly seconds: number;
  readonly broken: Invariant | undefined;
  readonly brokenAnyway: readonly BrokenHistory[];
}

async function tryOne(crew: Crew, { name, rule, isLiveness }: Mutation, from: number): Promise<Tried> {
  const startMs = performance.now();
  const brokenAnyway: BrokenHistory[] = [];
  const caught = await crew.search({
    ...{ from, count: MOST_SEEDS, without: name },
    onResult: (result) => brokenAnyway.push(...result.brokenAnyway),
  });
  const seconds = (performance.now() - startMs) / 1_000;
  const result = caught === undefined ? '– | **survives**' : `${caught.seed} | ${caught.violation.invariant}`;
  const histories = caught === undefined ? MOST_SEEDS : caught.seed - from + 1;
  const what = isLiveness ? `${name} (liveness)` : name;
  console.log(`| ${what} | ${rule} | ${result} | ${histories} | ${seconds.toFixed(1)} |`);
  return { name, seconds, broken: caught?.violation.invariant, brokenAnyway };
}

/** Another history may be the first now, which breaks something else. */
function tellDifferences(tried: readonly Tried[]): void {
  const documented = new Map(readMutationTable().map(({ without, broken }) => [without, broken]));
  for (const { name, broken } of tried) {
    if (broken !== undefined && documented.get(name) !== broken)
      console.log(`\ndocs/GUARANTEES.md says of "${name}": ${documented.get(name) ?? 'nothing'}.`);
  }
}

/**
 * Counts split votes with a rule and without it: nothing breaks without it, but attempts collide more often.
 *
 * @returns true if they are at least a tenth more
 */
async function weigh(
  { name, kind, rules, apply }: (typeof WEIGHED_MUTATIONS)[number],
  from: number,
): Promise<boolean> {
  const splits = { with: 0, without: 0 };
  for (let seed = from; seed < from + WEIGHED_SEEDS; seed++) {
    const plan = makePlan(seed, kind);
    splits.with += (await run(plan)).coverage.get('split vote') ?? 0;
    const undo = apply?.();
    splits.without += (await run(plan, { rules })).coverage.get('split vote') ?? 0;
    undo?.();
  }
  console.log(
    `\nWithout the rule "${name}", ${WEIGHED_SEEDS} histories have ${splits.without} split votes instead of ${splits.with}.`,
  );
  return splits.without > 1.1 * splits.with;
}
