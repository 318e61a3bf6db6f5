import { tell } from './history';
import { makePlan } from './make-plan';
import type { Feature } from './outcome';
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

async function firstWith(feature: Feature, kind: PlanKind) {
  for (const seed of SEEDS) {
    const outcome = await run(makePlan(seed, kind));
    if (outcome.coverage.has(feature)) return outcome;
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

  it.each<PlanKind>([
    'numbered',
    'twice',
    'wiped',
    'skewed',
    'astray',
    'jumping',
    'unseen',
    'committed',
    'passed',
    'left',
    'full',
    'turns',
    'shared',
    'opened',
    'deployed',
    'renumbered',
    'clustered',
  ])('keeps every promise in 50 histories of the kind %s', async (kind) => {
    const broken = await firstViolation(SEEDS.slice(0, 50), kind);

    if (broken !== undefined) throw new Error(await tell(broken.plan));
  });

  it('serves crowds in order in 20 histories', async () => {
    const broken = await firstViolation(SEEDS.slice(0, 20), 'queued');

    if (broken !== undefined) throw new Error(await tell(broken.plan));
  });

  // What the promises rest on.
  it.each<[string, PlanKind]>([
    ['nodes that restart without their data, and no guard', 'forgetful'],
    ['a fleet that restarts as a whole without its data, and a process that starts after it', 'rebooted'],
  ])('finds two holders with %s', async (_, kind) => {
    const broken = await firstViolation(SEEDS, kind);

    expect(broken?.violation.invariant).toBe('one holder');
  });

  it('finds two holders where a clock jumps and no reply tells of it, and tokens that tell them apart', async () => {
    const found = await firstWith('two holders', 'unseen');

    expect(found?.violation).toBeUndefined();
    expect(found?.coverage.get('fencing token')).toBeGreaterThan(1);
  });
});
