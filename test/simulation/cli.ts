import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ToldProgress } from '../helpers/told-progress';
import { Crew, type Search } from './crew';
import { tell, title } from './history';
import { makePlan } from './make-plan';
import { FEATURES, type Coverage, type Feature } from './outcome';
import { type Plan, type PlanKind, PROMISED } from './plan';
import { tryMutations } from './try-mutations';
import { shrink } from './shrinker';
import { withWorkers } from './workers';
import { run } from './world';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    kind: { type: 'string' },
    mutations: { type: 'boolean', default: false },
    /** Those with this in their names. */
    only: { type: 'string' },
    /** A kept history. */
    file: { type: 'string' },
    all: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
});
const kind = values.kind as PlanKind | undefined;

/** `npm run simulate`: histories one after another, until one breaks or all are through. */
export async function main(progress: ToldProgress): Promise<number> {
  // Thousands of errors are made on purpose, and nobody looks at where.
  Error.stackTraceLimit = 0;
  if (values.mutations) return tryMutations(Number(values.from), values.only, progress);
  if (values.file !== undefined) return replay(readPlan(values.file));
  if (values.seed !== undefined) return replay(makePlan(Number(values.seed), kind));
  return searchAll(progress);
}

async function replay(plan: Plan): Promise<number> {
  console.log(await tell(plan));
  const { violation } = await run(plan);
  return violation === undefined ? 0 : 1;
}

function readPlan(file: string): Plan {
  return (JSON.parse(readFileSync(file, 'utf8')) as { plan: Plan }).plan;
}

async function searchAll(progress: ToldProgress): Promise<number> {
  const { seconds, all } = values;
  const from = Number(values.from);
  const count = seconds === undefined ? Number(values.seeds) : Infinity;
  const startMs = performance.now();
  const untilMs = startMs + Number(seconds ?? Infinity) * 1_000;
  const seen: Coverage = new Map();
  let done = 0;
  let broken = 0;
  let toldAtMs = startMs;
  if (seconds !== undefined) progress.countTime(Number(seconds) * 1_000);
  const search: Search = {
    ...{ from, count, kind, isWhole: all },
    isOver: () => performance.now() >= untilMs,
    onResult: (result) => {
      done += result.done;
      broken += result.broken.length;
      for (const [feature, times] of result.seen) seen.set(feature, (seen.get(feature) ?? 0) + times);
      if (all) for (const each of result.broken) console.log(title(each, each.violation));
      if (seconds === undefined) progress.count(done, count, 'histories');
      if (!progress.isSeen && performance.now() - toldAtMs > 5_000) {
        toldAtMs = performance.now();
        console.log(`${done} histories, ${rate(done, startMs)}, ${progress.left}`);
      }
    },
  };
  const first = await withWorkers((runners) => new Crew(runners).search(search));
  if (first !== undefined) {
    await report(makePlan(first.seed, first.kind));
    return 1;
  }
  console.log(`\n${done} histories, ${broken === 0 ? 'none' : broken} went wrong; ${rate(done, startMs)}`);
  showCoverage(seen, done);
  return broken === 0 ? 0 : 1;
}

function rate(done: number, startMs: number): string {
  return `${Math.round((done / (performance.now() - startMs)) * 1_000)} per second`;
}

/** Faults that are not among what must hold. */
const NOT_BY_DEFAULT: readonly Feature[] = [];

function showCoverage(seen: Coverage, histories: number): void {
  for (const feature of FEATURES) {
    const count = seen.get(feature) ?? 0;
    if (count > 0)
      console.log(`  ${feature.padEnd(20)} in ${count} (${((count / histories) * 100).toFixed(1)} %)`);
    else if (kind === undefined && !NOT_BY_DEFAULT.includes(feature))
      console.log(`  ${feature.padEnd(20)} WARNING: in none of them`);
  }
}

async function report(plan: Plan): Promise<void> {
  const { violation } = await run(plan);
  if (violation === undefined) throw new Error(`seed ${plan.seed} gives another history the second time`);
  console.log(title(plan, violation));
  const small = await shrink(plan, violation.invariant);
  console.log(`shrunk to ${small.calls.length} calls and ${small.faults.length} faults:\n`);
  console.log(await tell(small));
  if (!PROMISED.includes(plan.kind)) return;
  const name = values.keep ?? `seed-${plan.seed}-${plan.kind}`;
  const folder = join(process.cwd(), 'test', 'simulation', 'known-histories');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  const kept = { title: name, invariant: violation.invariant, story: '', plan: small };
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`);
  console.log(`\nkept in ${file}`);
}
