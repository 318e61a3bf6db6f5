// `npm run api`: writes the public types of each entry of the package to the folder api.
// `npm run api -- --check`: fails if they have changed; `npm test` does so after each build.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { changedReports, writeReports } from './lib/api-reports.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { cache, root } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

const COMMITTED = join(root, 'api');
const GENERATED = join(cache, 'api-reports');

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const built = await ensureBuilt();
if (!built.ok) {
  console.error(`The build ${built.problem}. Its output is above.`);
  process.exitCode = 1;
} else if (values.check) await check();
else {
  writeReports(COMMITTED);
  console.log('Written: api/*.api.md');
}

async function check() {
  writeReports(GENERATED);
  const changed = changedReports(COMMITTED, GENERATED);
  if (changed.length === 0) return;
  for (const file of changed) {
    await run('git', ['--no-pager', 'diff', '--no-index', join(COMMITTED, file), join(GENERATED, file)]);
  }
  console.error(
    `\nThe public types have changed: ${changed.map((file) => `api/${file}`).join(', ')}. If that is meant, run ` +
      '`npm run api`, commit the reports, and tell users in CHANGELOG.md.',
  );
  process.exitCode = 1;
}
