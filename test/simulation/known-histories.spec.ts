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
  readonly plan: Plan;
}

describe('a history that once went wrong', () => {
  it.each(histories)('$title', async ({ plan }) => {
    const { violation } = await run(plan);

    expect(violation).toBeUndefined();
  });
});
