import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from './plan';
import { run } from './world';

const folder = join(__dirname, 'known-histories');
const histories = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Kept,
);

interface Kept {
  readonly title: string;
  readonly story: string;
  /** Known, and not repaired yet. */
  readonly isOpen?: boolean;
  readonly plan: Plan;
}

describe('a history that once went wrong', () => {
  it.each(histories.filter(({ isOpen }) => isOpen !== true))('$title', async ({ plan }) => {
    const { violation } = await run(plan);

    expect(violation).toBeUndefined();
  });

  const open = histories.filter(({ isOpen }) => isOpen === true);
  (open.length > 0 ? it.each(open) : it.skip.each(open))('still goes wrong: $title', async ({ plan }) => {
    const { violation } = await run(plan);

    expect(violation).toBeDefined();
  });
});
