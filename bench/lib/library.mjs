import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';

const require = createRequire(import.meta.url);

/**
 * The build that is measured. It is a copy from the begin of the run, so another build does not change the
 * code during the run.
 */
export const snapshot = join(root, 'node_modules', '.cache', 'nestjs-redlock', 'bench-dist');

/** Everything that the library exports. */
export function loadLibrary() {
  return require(process.env.BENCH_DIST ?? join(snapshot, 'index.js'));
}
