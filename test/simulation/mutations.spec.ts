import { makePlan } from './make-plan';
import { readMutationTable } from './mutation-table';
import { MUTATIONS } from './mutations';
import { catchMutation } from './try-mutations';
import { run } from './world';

/** The rare ones take minutes: `npm run simulate -- --mutations` tries them all. */
const MOST_SEEDS = 1_000;

describe('a simulated fleet without one of its rules', () => {
  it.each(MUTATIONS.filter(({ isRare }) => isRare !== true))('breaks without: $name', async (mutation) => {
    const caught = await catchMutation(mutation, 1, MOST_SEEDS);

    const documented = readMutationTable().find(({ without }) => without === mutation.name);
    expect(caught?.violation.invariant).toBe(documented?.broken);
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
