import { ensureBuilt } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';

/** What the order system needs before it can start, on a machine that has only Node and npm. */
export async function prepare() {
  await must('npm ci', ensureDependencies());
  await must('The build', ensureBuilt());
}

async function must(step, result) {
  const { ok, problem } = await result;
  if (!ok) throw new Error(`${step} ${problem}. Its output is above.`);
}
