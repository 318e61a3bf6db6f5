// `npm run demo:failover`: shows why a lock on a master with a replica can have two holders, and a lock on
// three masters cannot.
import { prepare } from './lib/prepare.mjs';
import { Processes } from './lib/processes.mjs';
import { ensureRedisServer, findRedisServer } from './lib/redis-binary.mjs';
import { startRedisServer } from './lib/redis-servers.mjs';
import { ReplicatedMaster } from './lib/replicated-master.mjs';
import { requireFromSample } from './lib/sample.mjs';
import { stopOnSignal } from './lib/stop-on-signal.mjs';

const RESOURCE = 'invoice:7';

const servers = new Processes();
stopOnSignal(() => servers.stop());

try {
  await prepare();
  await must('redis-server', ensureRedisServer());
  await show();
} catch (error) {
  if (!stopOnSignal.stopping) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
if (!stopOnSignal.stopping) {
  await servers.stop();
  process.exit();
}

async function show() {
  const { createLockService } = requireFromSample();
  const failOver = (title, masters) => failOverOf(title, new ReplicatedMaster(), masters, createLockService);

  const one = await failOver('1. One Redis master with a replica', 0);
  const three = await failOver('2. The same master and replica, as one of three independent masters', 2);
  console.log(`holders of "${RESOURCE}" after the failover: master+replica=${one} three-masters=${three}`);
  if (one === 2 && three === 1) return;
  console.error('WRONG: this should have been 2 and 1.');
  process.exitCode = 1;
}

/**
 * A takes the lock, its master dies, the replica is promoted, and B asks for the lock. Returns how many hold
 * it then.
 */
async function failOverOf(title, failing, otherMasters, createLockService) {
  console.log(title);
  const program = findRedisServer();
  const services = [];
  try {
    await failing.start(servers, program);
    const others = [];
    for (let number = 2; number < 2 + otherMasters; number += 1)
      others.push(await startRedisServer(servers, { program, name: `master ${number}` }));
    const open = (first) => {
      const service = createLockService({ nodes: [first, ...others], shutdownTimeout: 0 });
      services.push(service);
      return service;
    };
    say(
      `the master is on port ${failing.master.port}; its replica, on port ${failing.replica.port}, follows`,
    );
    if (otherMasters > 0) say(`${otherMasters} more masters, which know nothing of it, or of each other`);
    failing.slowDown();
    say('the network between the master and its replica becomes slow');
    const a = await open(failing.master.url).acquire(RESOURCE, { autoExtend: false });
    say(`A takes "${RESOURCE}" and begins to work: ${left(a)}`);
    await failing.killMaster();
    say('the master dies; its replica has not heard of the lock yet');
    say(`the replica is promoted, with ${await failing.promoteReplica()} keys`);
    const b = await acquireOrNull(open(failing.replica.url));
    say(
      b === null
        ? 'B, started since, asks for it and is told: busy'
        : `B, started since, gets it: ${left(b)}`,
    );
    say(`A still works: ${left(a)}`);
    const holders = [a, b].filter((lock) => lock?.isHeld).length;
    console.log(holders === 1 ? '   => one holder\n' : `   => ${holders} HOLDERS at the same time\n`);
    return holders;
  } finally {
    await Promise.all(services.map((service) => service.close()));
    failing.close();
  }
}

/** Returns null if somebody else has the lock. */
async function acquireOrNull(service) {
  try {
    return await service.acquire(RESOURCE, { wait: 1_000 });
  } catch (error) {
    if (error.code === 'LOCK_BUSY') return null;
    throw error;
  }
}

function left(lock) {
  return `its lock is valid for ${(lock.remainingMs / 1_000).toFixed(1)} s`;
}

function say(what) {
  console.log(`   ${what}`);
}

async function must(step, result) {
  const { ok, problem } = await result;
  if (!ok) throw new Error(`${step}: ${problem}`);
}
