import { kindToTry, makePlan } from './make-plan';
import { MUTATIONS, type Mutation } from './mutations';
import type { Feature, Outcome, Violation } from './outcome';
import type { Plan, PlanKind } from './plan';
import { run } from './world';

/** Seeds in a row, of which each is one history. It can be sent to a worker. */
export interface Stretch {
  readonly from: number;
  readonly count: number;
  /** Missing: the kinds of a search, or those that show the mutation. */
  readonly kind?: PlanKind;
  /** The name of the rule that is switched off. */
  readonly without?: string;
  /** Also what comes after the first history that goes wrong. */
  readonly isWhole?: boolean;
}

export interface BrokenHistory {
  readonly seed: number;
  readonly kind: PlanKind;
  readonly violation: Violation;
}

export interface StretchResult {
  /** Histories that were run. */
  readonly done: number;
  /** In the order of their seeds. */
  readonly broken: readonly BrokenHistory[];
  /** Those that go wrong with all rules too. They say nothing of the one that was switched off. */
  readonly brokenAnyway: readonly BrokenHistory[];
  /** In how many of the histories each of these was. */
  readonly seen: ReadonlyMap<Feature, number>;
}

/** Runs the histories of a stretch one after another, up to the first that goes wrong. */
export async function runStretch(stretch: Stretch): Promise<StretchResult> {
  const { from, count, isWhole = false } = stretch;
  const mutation = stretch.without === undefined ? undefined : mutationNamed(stretch.without);
  const broken: BrokenHistory[] = [];
  const brokenAnyway: BrokenHistory[] = [];
  const seen = new Map<Feature, number>();
  let done = 0;
  for (let seed = from; seed < from + count && (isWhole || broken.length === 0); seed++) {
    const plan = makePlan(seed, stretch.kind ?? (mutation === undefined ? kindToTry(seed) : mutation.kind));
    const { violation, coverage } = await runWithout(mutation, plan);
    done += 1;
    for (const feature of coverage.keys()) seen.set(feature, (seen.get(feature) ?? 0) + 1);
    if (violation === undefined) continue;
    const isAnyway = mutation !== undefined && (await run(plan)).violation !== undefined;
    (isAnyway ? brokenAnyway : broken).push({ seed, kind: plan.kind, violation });
  }
  return { done, broken, brokenAnyway, seen };
}

async function runWithout(mutation: Mutation | undefined, plan: Plan): Promise<Outcome> {
  const undo = mutation?.apply?.();
  try {
    return await run(plan, { rules: mutation?.rules });
  } finally {
    undo?.();
  }
}

function mutationNamed(wanted: string): Mutation {
  const mutation = MUTATIONS.find(({ name }) => name === wanted);
  if (mutation === undefined) throw new Error(`no mutation is called ${wanted}`);
  return mutation;
}
