// `npm test`: runs all checks, on a machine that has only Node and npm.
// `npm test -- unit e2e`: only these suites.
import { join } from 'node:path';
import { build, ensureBuilt } from './lib/build.mjs';
import { ensureFolders, runOn, specsForTheOldest } from './lib/compat.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { listSpecs, runJest, runSpecs, suites } from './lib/jest.mjs';
import { ensureChromium } from './lib/chromium.mjs';
import { ensureOtherServer } from './lib/other-servers.mjs';
import { cache, root, tools } from './lib/paths.mjs';
import { ensurePrograms } from './lib/programs.mjs';
import { ensureRedisServer } from './lib/redis-binary.mjs';
import { sideBySide } from './lib/lanes.mjs';
import { runNode } from './lib/run.mjs';
import { ensureSample } from './lib/sample.mjs';
import { Tally } from './lib/tally.mjs';
import { Timetable } from './lib/timetable.mjs';

/** The suites that start servers. */
const WITH_SERVERS = ['e2e', 'chaos'];
/**
 * The suites that compute while others wait for servers. Two lanes with servers leave the processor idle half
 * of the time.
 */
const COMPUTING = ['property', 'simulation', 'package'];
/** The parts of e2e that run beside the rest of it. With these, all lanes take about the same time. */
const PARTS_OF_E2E = {
  sample: { title: 'e2e of the order system', has: ({ file }) => /^e2e\/sample/.test(file) },
  documents: {
    title: 'e2e of documents, board, transactions, brokers, fencing and schedule',
    has: ({ file }) => /^e2e\/(documents|board|transactions|brokers|fencing|schedule)\//.test(file),
  },
};
const isInPart = (spec) => Object.values(PARTS_OF_E2E).some(({ has }) => has(spec));
/** The folders under `compat` with the oldest peers. */
const OLDEST = ['oldest'];
const OTHER_SERVER = 'valkey-9';
/** This is more than e2e needs on a slow machine, and less than `npm test` may take. */
const E2E_LIMIT_MS = 600_000;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suites.includes(name));
if (unknown.length > 0) {
  console.error(`No suite ${unknown.join(', ')}. There are: ${suites.join(', ')}.`);
  process.exit(1);
}
const everything = wanted.length === 0;
const tally = new Tally(new Timetable(['test', ...wanted].join(' ')));

await tally.step('npm dependencies', ensureDependencies);
if (tally.failed === 0) await runChecks();
tally.finish();

async function runChecks() {
  const hasRedis = await tally.stepOrSkip('redis-server', ensureRedisServer);
  const runSuites = async (names) => {
    for (const name of names) await tally.suite(name, () => runJest(name, { hasRedis }));
  };
  if (!everything) {
    // Tests of all kinds take the page of the lock board from there.
    await tally.step('build of the library', ensureBuilt);
    if (wanted.some((name) => WITH_SERVERS.includes(name))) await prepareSample();
    await runSuites(wanted);
    return;
  }
  let oldest = false;
  let otherServer;
  await sideBySide(checkCode, buildAndDescribe, async () => {
    await prepareSample();
    await installBrokers();
    oldest = await prepareTheOldest();
    otherServer = await prepareAnotherServer();
  });
  const e2e = listSpecs('e2e');
  const runPart = async (name) => {
    const { title, has } = PARTS_OF_E2E[name];
    const options = { hasRedis, limitMs: E2E_LIMIT_MS };
    await tally.suite(title, () => runSpecs(`e2e-${name}`, e2e.filter(has), options));
  };
  await sideBySide(
    async () => {
      const rest = e2e.filter((spec) => !isInPart(spec));
      await tally.suite('e2e', () => runSpecs('e2e', rest, { hasRedis, limitMs: E2E_LIMIT_MS }));
    },
    async () => {
      await runSuites(suites.filter((name) => !WITH_SERVERS.includes(name) && !COMPUTING.includes(name)));
      await runPart('sample');
      if (oldest) await runOnTheOldest(hasRedis);
      if (otherServer !== undefined) await runOnAnotherServer(otherServer);
      await runSuites(['chaos']);
    },
    async () => {
      await runSuites(COMPUTING);
      await runPart('documents');
    },
  );
}

/** Does what `npm start` does before it starts anything. */
async function prepareSample() {
  await tally.step('order system', ensureSample);
}

/**
 * Installs the small programs besides Redis that the documents name. RabbitMQ is tested only if it is
 * installed already.
 */
async function installBrokers() {
  await tally.stepOrSkip('brokers and promtool', () =>
    ensurePrograms({
      'nats-server': { apt: 'nats-server', brew: 'nats-server' },
      mosquitto: { apt: 'mosquitto', brew: 'mosquitto' },
      kcat: { apt: 'kcat', brew: 'kcat' },
      promtool: { apt: 'prometheus', brew: 'prometheus' },
    }),
  );
  // The page of the lock board needs a browser. It is fetched and unpacked once, and not installed.
  await tally.stepOrSkip('chromium', ensureChromium);
}

async function checkCode() {
  // This check includes the types of all files.
  await tally.step('oxlint', () => runNode(tools.oxlint, []));
  await tally.step('prettier', () => runNode(tools.prettier, ['--check', '--log-level', 'warn', '.']));
}

async function buildAndDescribe() {
  // The pages are written too, since some mistakes show only there. They are not written where a reader may
  // have them open.
  await tally.step('typedoc', () => runNode(tools.typedoc, ['--out', join(cache, 'api')]));
  await tally.step('build of the library', () => build());
  await tally.step('public types', () => runNode(join(root, 'scripts', 'api.mjs'), ['--check']));
}

/** Installs the oldest peers. Returns false if they cannot be had. */
async function prepareTheOldest() {
  return tally.stepOrSkip('packages of Nest 10.0 and ioredis 5.0', () => ensureFolders(OLDEST));
}

/** Runs a part of the tests on the oldest peers; `npm run test:matrix` has all of it. */
async function runOnTheOldest(hasRedis) {
  await tally.suite('on Nest 10.0 and ioredis 5.0', () =>
    runOn(OLDEST, specsForTheOldest(), { name: 'oldest', hasRedis }),
  );
}

/** Fetches one server that is no Redis. Returns undefined if it cannot be had. */
async function prepareAnotherServer() {
  let server = {};
  const isThere = await tally.stepOrSkip(`a server of another kind, ${OTHER_SERVER}`, async () => {
    server = await ensureOtherServer(OTHER_SERVER);
    return { ok: server.problem === undefined, problem: server.problem };
  });
  return isThere ? server : undefined;
}

/** Runs tests on that server; `npm run test:servers` has more servers and more tests. */
async function runOnAnotherServer({ version, env }) {
  await tally.suite(`contract on ${OTHER_SERVER} (${version})`, () =>
    runSpecs(`contract-${OTHER_SERVER}`, listSpecs('contract'), { hasRedis: true, env }),
  );
}
