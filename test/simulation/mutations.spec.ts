import { makePlan } from './make-plan';
import { readMutationTable } from './mutation-table';
import { MUTATIONS } from './mutations';
import { runStretch } from './stretch';
import { run } from './world';

/** The rare ones take minutes: `npm run simulate -- --mutations` tries them all. */
const MOST_SEEDS = 1_000;

describe('a simulated fleet without one of its rules', () => {
  it.each(MUTATIONS.filter(({ isRare }) => isRare !== true))('breaks without: $name', async ({ name }) => {
    const { broken } = await runStretch({ from: 1, count: MOST_SEEDS, without: name });

    const documented = readMutationTable().find(({ without }) => without === name);
    expect(broken[0]?.violation.invariant).toBe(documented?.broken);
  });

  it('is described in the documents, rule by rule', () => {
    const documented = readMutationTable().map(({ without }) => without);

    expect(documented).toEqual(MUTATIONS.map(({ name }) => name));
  });

  it('has all its rules again afterwards', async () => {
    for (const mutation of MUTATIONS) mutation.apply?.()();

    expect((await run(makePlan(3))).violation).toBeUndefined();
  });
});
