import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { findChromium } from './chromium.mjs';
import { cache, root, tools } from './paths.mjs';
import { findProgram } from './programs.mjs';
import { currentTask } from './progress.mjs';
import { run } from './run.mjs';

/**
 * The suites, the quickest ones first. They are also the projects of jest.config.js, and the folders of
 * test/.
 */
export const suites = ['unit', 'property', 'simulation', 'contract', 'e2e', 'chaos', 'package'];

/** The programs that a spec runs, by the file that it imports. If a program is missing, the spec is not run. */
const RUNS = {
  'redis-server': importOf(
    'redis-server|document-world|redis-cluster|redis-sentinel|sample-shop|chaotic-node',
  ),
  'nats-server': importOf('nats-server'),
  mosquitto: importOf('mosquitto'),
  kcat: importOf('kafka-broker'),
  'rabbitmq-server': importOf('rabbitmq-server'),
  promtool: importOf('promtool'),
  chromium: importOf('browser'),
};

/** The programs that are not only looked for in PATH. */
const FINDERS = { chromium: findChromium };

const TALLY_REPORTER = fileURLToPath(new URL('tally-reporter.mjs', import.meta.url));

/** The line that jest prints when a file is done. */
const FILE_DONE = /^ ?(?:PASS|FAIL) /;

/** Runs one suite; `{ passed, failed, skipped, problem }` counts its tests. */
export function runJest(suite, { hasRedis }) {
  return runSpecs(suite, listSpecs(suite), { hasRedis });
}

/**
 * Runs these specs of `listSpecs`, and counts like `runJest`.
 *
 * @param name the name of the run
 * @param node the Node to run on
 * @param config a configuration of jest instead of jest.config.js
 */
export async function runSpecs(name, all, { hasRedis, node = process.execPath, config, env, limitMs }) {
  const missing = Object.keys(RUNS).filter(
    (program) => !(program === 'redis-server' ? hasRedis : (FINDERS[program] ?? findProgram)(program)),
  );
  const missingOf = ({ text }) => missing.filter((program) => RUNS[program].test(text));
  const [skipped, specs] = split(all, (spec) => missingOf(spec).length > 0);
  if (specs.length === 0) return withSkipped({ passed: 0, failed: 0, skipped: 0 }, skipped, missingOf);

  const report = join(cache, `jest-${name}.json`);
  mkdirSync(cache, { recursive: true });
  rmSync(report, { force: true });
  const projects = [...new Set(specs.map(({ suite }) => suite))];
  const others = projects.flatMap(listSpecs).filter(({ file }) => !specs.some((spec) => spec.file === file));
  const args = [
    ...[tools.jest, '--ci'],
    ...(config === undefined ? [] : ['--config', config]),
    ...['--selectProjects', ...projects],
    ...['--reporters', 'default', '--reporters', TALLY_REPORTER],
    ...others.map(({ file }) => `--testPathIgnorePatterns=${file}$`),
  ];
  const task = currentTask();
  task.count(0, specs.length, 'files');
  const onLine = (line) => {
    if (FILE_DONE.test(stripVTControlCharacters(line))) task.advance();
  };
  const { ok, problem } = await run(node, args, { env: { ...env, TALLY_FILE: report }, limitMs, onLine });
  return withSkipped({ ...count(report, ok), problem }, skipped, missingOf);
}

/** Lists the spec files of a suite: `{ suite: 'e2e', file: 'e2e/crowd.spec.ts', text }`. */
export function listSpecs(suite) {
  const folder = join(root, 'test', suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.spec.ts'))
    .map((name) => ({ suite, file: `${suite}/${name}`, text: readFileSync(join(folder, name), 'utf8') }));
}

function importOf(names) {
  return new RegExp(`(from|import) '[^']*/(${names})'`);
}

function count(report, ok) {
  const { passed = 0, failed = 0, skipped = 0 } = readReport(report);
  // A file that does not compile fails without a test of its own, and so does a run that does not end.
  return { passed, failed: failed === 0 && !ok ? 1 : failed, skipped };
}

/** A spec that was not run counts as one test, since nobody has counted its tests. */
function withSkipped(result, specs, missingOf) {
  if (specs.length === 0) return result;
  const programs = [...new Set(specs.flatMap(missingOf))];
  const reasons = programs.map((program) => {
    const without = specs.filter((spec) => missingOf(spec).includes(program));
    return `not run without ${program}: ${without.map(({ file }) => file).join(', ')}`;
  });
  return {
    ...result,
    skipped: result.skipped + specs.length,
    problem: [result.problem, ...reasons].filter(Boolean).join('; '),
  };
}

function readReport(report) {
  return existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
}

function split(list, isFirst) {
  return [list.filter(isFirst), list.filter((item) => !isFirst(item))];
}
