import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root, tools } from './paths.mjs';
import { runNode } from './run.mjs';

/** In the order of how soon they tell something. Also the projects of jest.config.js, and the folders of test/. */
export const suites = ['unit', 'property', 'simulation', 'contract', 'e2e', 'package'];

/** What a spec imports that starts real servers. */
const STARTS_REDIS = /from '[^']*\/(redis-server|redis-cluster|redis-sentinel|sample-shop)'/;

/** Runs one suite; `{ passed, failed, skipped, problem }` counts its tests. */
export async function runJest(suite, { hasRedis }) {
  const all = listSpecs(suite);
  const skipped = hasRedis ? [] : all.filter(({ text }) => STARTS_REDIS.test(text));
  if (all.length === skipped.length) return withSkipped({ passed: 0, failed: 0, skipped: 0 }, skipped);

  const report = join(cache, `jest-${suite}.json`);
  mkdirSync(cache, { recursive: true });
  rmSync(report, { force: true });
  const { ok, problem } = await runNode(tools.jest, [
    ...['--ci', '--selectProjects', suite],
    ...['--json', `--outputFile=${report}`],
    ...skipped.map(({ name }) => `--testPathIgnorePatterns=${name}$`),
  ]);
  return withSkipped({ ...count(report, ok), problem }, skipped);
}

function count(report, ok) {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = readReport(report);
  // A file that does not compile fails without a test of its own, and so does a run that does not end.
  const failed = numFailedTests === 0 && !ok ? 1 : numFailedTests;
  return { passed: numPassedTests, failed, skipped: numPendingTests };
}

/** A spec that was not run counts as one, since nobody has counted its tests. */
function withSkipped(result, specs) {
  if (specs.length === 0) return result;
  const names = specs.map(({ name }) => name).join(', ');
  return {
    ...result,
    skipped: result.skipped + specs.length,
    problem: [result.problem, `not run without redis-server: ${names}`].filter(Boolean).join('; '),
  };
}

function readReport(report) {
  return existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
}

function listSpecs(suite) {
  const folder = join(root, 'test', suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.spec.ts'))
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
}
