import { ensureSample } from './sample.mjs';

/**
 * Installs everything that the order system needs before it can start, on a machine that has only Node and
 * npm.
 */
export async function prepare() {
  const { ok, problem } = await ensureSample();
  if (!ok) throw new Error(`${problem}. Its output is above.`);
}
