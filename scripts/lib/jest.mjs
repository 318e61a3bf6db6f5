import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root, tools } from './paths.mjs';
import { runNode } from './run.mjs';

/** In the order of how soon they tell something. Also the projects of jest.config.js, and the folders of test/. */
export const suites = ['unit', 'property', 'contract', 'e2e', 'package'];

/** These start real servers. */
const NEED_REDIS = ['contract', 'e2e'];

/** Runs one suite; `{ passed, failed, skipped, problem }` counts its tests. */
export async function runJest(suite, { hasRedis }) {
  if (!hasSpecs(suite)) return { passed: 0, failed: 0, skipped: 0 };
  if (NEED_REDIS.includes(suite) && !hasRedis) {
    return { passed: 0, failed: 0, skipped: 1, problem: 'not run, because there is no redis-server' };
  }

  const report = join(cache, `jest-${suite}.json`);
  mkdirSync(cache, { recursive: true });
  rmSync(report, { force: true });
  const { ok, problem } = await runNode(tools.jest, [
    ...['--selectProjects', suite],
    ...['--json', `--outputFile=${report}`],
    '--ci',
  ]);
  return { ...count(report, ok), problem };
}

function count(report, ok) {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = readReport(report);
  // A file that does not compile fails without a test of its own, and so does a run that does not end.
  const failed = numFailedTests === 0 && !ok ? 1 : numFailedTests;
  return { passed: numPassedTests, failed, skipped: numPendingTests };
}

function readReport(report) {
  return existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
}

function hasSpecs(suite) {
  const folder = join(root, 'test', suite);
  return (
    existsSync(folder) && readdirSync(folder, { recursive: true }).some((name) => name.endsWith('.spec.ts'))
  );
}
