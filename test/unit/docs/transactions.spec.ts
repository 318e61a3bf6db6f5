import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..', '..');
/** However long its lines are. */
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8').replace(/[\s,]+/g, '');

describe('docs/TRANSACTIONS.md', () => {
  it.each(['typeorm-adapter.ts', 'cls-adapter.ts'])(
    'shows the %s that is tried on a real database',
    (name) => {
      expect(read('docs/TRANSACTIONS.md')).toContain(read(`test/e2e/transactions/${name}`));
    },
  );
});
