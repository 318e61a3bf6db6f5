import { tell } from './history';
import { makePlan } from './make-plan';
import type { PlanKind } from './plan';
import { run } from './world';

const SEEDS = Array.from({ length: 400 }, (_, index) => index + 1);

async function firstViolation(seeds: readonly number[], kind?: PlanKind) {
  for (const seed of seeds) {
    const plan = makePlan(seed, kind);
    const { violation } = await run(plan);
    if (violation !== undefined) return { plan, violation };
  }
  return undefined;
}

describe('a simulated fleet', () => {
  it(`keeps every promise in the histories of seeds 1 to ${SEEDS.length}`, async () => {
    const broken = await firstViolation(SEEDS);

    if (broken !== undefined) throw new Error(await tell(broken.plan));
  });

  it('replays a history from its seed', async () => {
    const [once, again] = [await tell(makePlan(7)), await tell(makePlan(7))];

    expect(again).toBe(once);
    expect(once.split('\n').length).toBeGreaterThan(20);
  });

  // What the promises rest on. The restart guard is to close the first of these.
  it.each<[string, PlanKind]>([
    ['nodes that restart without their data', 'wiped'],
    ['clocks of nodes that run far too fast', 'skewed'],
    ['clocks of nodes that jump ahead', 'jumping'],
  ])('finds two holders with %s', async (_, kind) => {
    const broken = await firstViolation(SEEDS, kind);

    expect(broken?.violation.invariant).toBe('one holder');
  });
});
