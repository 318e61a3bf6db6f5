// `npm run test:servers`: the contract, the end-to-end tests and a minute of chaos on Valkey, Redis 8 and Redict.
// `npm run test:servers -- --only valkey-9,redict-7 --suites contract,chaos`: a part of it.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './lib/build.mjs';
import { MIRROR_VARIABLE } from './lib/debian-packages.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { listSpecs, runSpecs } from './lib/jest.mjs';
import { ensureOtherServer, OTHER_SERVERS } from './lib/other-servers.mjs';
import { root } from './lib/paths.mjs';
import { inProgress, setHeadline } from './lib/progress.mjs';
import { runNode } from './lib/run.mjs';
import { ensureSample } from './lib/sample.mjs';
import { table } from './lib/table.mjs';
import { Timetable } from './lib/timetable.mjs';

const SUITES = ['contract', 'e2e', 'chaos'];
const LIMIT_MS = 1_200_000;
const USAGE = [
  'npm run test:servers -- [options]',
  `  --only <names>    of ${Object.keys(OTHER_SERVERS).join(', ')}; all of them`,
  `  --suites <names>  of ${SUITES.join(', ')}; all of them`,
  '  --seconds <n>     how long the chaos goes on; 60',
  `  --mirror <url>    a mirror of Debian, also ${MIRROR_VARIABLE}; that of the sources of this machine`,
  '  --fresh           fetch the servers again',
].join('\n');

const rows = [['server', 'version', 'tests', 'passed', 'failed', 'skipped', 'seconds', '']];
const timetable = new Timetable(['test-servers', ...process.argv.slice(2)].join(' '));
let failed = 0;

if (process.argv.includes('--help')) {
  console.log(USAGE);
  process.exit(0);
}
try {
  const { servers, suites, seconds, mirror, isFresh } = readOptions();
  setHeadline(() => String(timetable));
  for (const prepare of [ensureDependencies, ensureBuilt, ensureSample]) await must(prepare());
  for (const name of servers) {
    console.log(`\n▸ ${name}`);
    const server = await inStep(name, () => ensureOtherServer(name, { isFresh, mirror }));
    if (server.problem === undefined) {
      for (const suite of suites) await runSuite(name, server, suite, seconds);
    } else {
      failed += 1;
      rows.push([name, '-', '-', 0, 0, 0, 0, `cannot be had: ${server.problem}`]);
    }
    console.log(`\n${table(rows)}`);
  }
  timetable.save();
  console.log(failed === 0 ? '\nAll of them passed.' : `\n${failed} failed.`);
} catch (error) {
  console.error(error.message);
  failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;

async function runSuite(name, { version, env }, suite, seconds) {
  const title = `${suite} on ${name}`;
  console.log(`\n▸ ${title} (${version})`);
  const start = performance.now();
  const result = await inStep(title, () =>
    suite === 'chaos' ? runChaos(env, seconds) : runTests(name, env, suite),
  );
  const took = Math.round((performance.now() - start) / 1000);
  failed += result.failed;
  const outcome = result.failed > 0 ? 'FAILED' : 'ok';
  rows.push([name, version, suite, result.passed, result.failed, result.skipped, took, outcome]);
}

/** Counts it as one of the steps, and tells what is left. */
async function inStep(title, work) {
  timetable.begin(title);
  const result = await inProgress(title, work);
  timetable.end(title);
  console.log(`  ${title}: ${timetable}`);
  return result;
}

function runTests(name, env, suite) {
  return runSpecs(`${suite}-${name}`, listSpecs(suite), { hasRedis: true, env, limitMs: LIMIT_MS });
}

async function runChaos(env, seconds) {
  const { ok } = await runNode(join(root, 'scripts', 'chaos.mjs'), ['--seconds', seconds], { env });
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

function readOptions() {
  const { values } = parseOptions();
  const { only, suites, seconds = '60', mirror, fresh: isFresh = false } = values;
  if (!(Number(seconds) > 0)) throw new Error(USAGE);
  return {
    servers: namesIn(only, Object.keys(OTHER_SERVERS)),
    suites: namesIn(suites, SUITES),
    ...{ seconds, mirror, isFresh },
  };
}

function parseOptions() {
  const text = { type: 'string' };
  try {
    return parseArgs({
      options: { only: text, suites: text, seconds: text, mirror: text, fresh: { type: 'boolean' } },
    });
  } catch (error) {
    throw new Error(`${error.message}\n${USAGE}`, { cause: error });
  }
}

function namesIn(text, known) {
  const names = text?.split(',') ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}.\n${USAGE}`);
  return names;
}

async function must(step) {
  const { ok, problem } = await step;
  if (!ok) throw new Error(problem);
}
