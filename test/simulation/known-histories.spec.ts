import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from './plan';
import { run } from './world';

const folder = join(__dirname, 'known-histories');
const histories = readdirSync(folder).map(
  (name) =>
    JSON.parse(readFileSync(join(folder, name), 'utf8')) as { title: string; story: string; plan: Plan },
);

describe('a history that once went wrong', () => {
  it.each(histories)('$title', async ({ plan }) => {
    const { violation } = await run(plan);

    expect(violation).toBeUndefined();
  });
});
