// Runs before `npm pack` and `npm publish`: builds the present sources. In a new clone it first installs what
// that needs.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies } from './lib/dependencies.mjs';
import { root } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

await must('npm ci', ensureDependencies());
rmSync(join(root, 'dist'), { recursive: true, force: true });
await must('The build', run('npm', ['run', 'build']));

async function must(step, result) {
  const { ok, problem } = await result;
  if (ok) return;
  console.error(`${step} ${problem}. Its output is above.`);
  process.exit(1);
}
