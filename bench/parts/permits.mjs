import { us } from '../lib/contenders.mjs';
import { competeForOneKey } from '../lib/crowd.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { decimals, milliseconds, percent, times, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { interleave } from '../lib/rounds.mjs';
import { largest, medianOf, medianRatio, percentile, sum } from '../lib/statistics.mjs';

const LIMIT = 5;
const LOCK = { limit: LIMIT };

/** These are as many clients as 32 processes would have. The nodes cannot tell the difference. */
const SPREAD = { processes: 8, sessions: 4, workers: 4, holdMs: 10, thinkMs: 5 };
/** The clients of a server with a pool of workers in each process. */
const POOLED = { processes: 4, sessions: 1, workers: 8, holdMs: 2 };

const ours = { ...us, lock: LOCK };
const theirs = (retryMs) => ({
  name: `redis-semaphore's Semaphore, retry ${retryMs} ms`,
  module: 'redis-semaphore-permits',
  lock: LOCK,
  retryMs,
});
/** 10 ms is the default of this peer. */
const CONTENDERS = [ours, theirs(10), theirs(2)];

/** Measures permits when more callers want them than there are. */
export async function permits({ quick }) {
  const rounds = quick ? 1 : 3;
  const durationMs = quick ? 1_000 : 2_000;
  const several = await measure(3, [ours], SPREAD, { rounds, durationMs });
  const one = await measure(1, CONTENDERS, POOLED, { rounds, durationMs });
  const samples = several.get(ours).samples;
  const peers = CONTENDERS.slice(1).filter((peer) => one.get(peer).samples.length > 0);
  const ratios = peers.map((peer) => medianRatio(one.get(ours).samples, one.get(peer).samples, perSecond));
  return {
    title: 'Permits',
    intro:
      `\`limit: ${LIMIT}\`, one resource. On three nodes: ${SPREAD.processes} processes with ${SPREAD.sessions} clients ` +
      `each, one call per client at a time, which has the permit for ${SPREAD.holdMs} ms and asks again after ` +
      `${SPREAD.thinkMs} ms, both in the mean. In use is the share of the permits that was held, in the mean over time. ` +
      'On one Redis, where `Semaphore` of redis-semaphore is exact too: ' +
      `${POOLED.processes} processes with ${POOLED.workers} callers each, held for ${POOLED.holdMs} ms, no pause. ` +
      'Requests are scripts and subscriptions that all nodes together have answered, commands what these ran.',
    tables: [tableOf('3 nodes, 32 clients', [ours], several), tableOf('1 node, 32 callers', CONTENDERS, one)],
    figures: {
      'permits.most': largest(
        [...several.values(), ...one.values()].flatMap((result) => result.samples.map(most)),
      ),
      'permits.inUse': medianOf(samples, ({ inUse }) => inUse),
      'permits.requests': medianOf(samples, ({ requests }) => requests),
      'permits.ratio': ratios.length === 0 ? undefined : Math.min(...ratios),
    },
  };
}

async function measure(size, contenders, crowd, { rounds, durationMs }) {
  const fleet = await Fleet.start(size);
  try {
    return await interleave(contenders, rounds, async (contender, round) => {
      progress(`permits: ${size} nodes, round ${round + 1}: ${contender.name}`);
      const run = await competeForOneKey(contender, fleet, {
        ...crowd,
        durationMs,
        retryMs: contender.retryMs,
      });
      return run.failed === undefined ? describe(run) : run;
    });
  } finally {
    await fleet.stop();
  }
}

function describe({ seconds, holds, stillWaiting, commands, requests, countedHolds, mostAtOnce }) {
  if (mostAtOnce > LIMIT) return { failed: `${mostAtOnce} permits of ${LIMIT} were held at once` };
  const waits = [...holds.map(({ asked, began }) => began - asked), ...stillWaiting.map(({ ms }) => ms)];
  const perHold = (count) => (countedHolds === 0 ? undefined : count / countedHolds);
  return {
    perSecond: holds.length / seconds,
    inUse: sum(holds.map(({ began, ended }) => ended - began)) / (seconds * 1_000 * LIMIT),
    requests: perHold(requests),
    commands: perHold(commands),
    mostAtOnce,
    p50: percentile(waits, 50),
    max: largest(waits),
  };
}

const perSecond = (sample) => sample?.perSecond;
const most = (sample) => sample.mostAtOnce;

function tableOf(caption, contenders, results) {
  const rows = [
    [
      'who',
      'permits/s',
      'in use',
      'most at once',
      'requests per permit',
      'commands',
      'wait p50 ms',
      'max ms',
      'ours/theirs',
    ],
  ];
  for (const contender of contenders) {
    const { samples, failed } = results.get(contender);
    if (failed !== undefined) {
      rows.push([contender.name, `failed: ${failed}`, ...new Array(rows[0].length - 2).fill('–')]);
      continue;
    }
    const of = (figure) => medianOf(samples, figure);
    rows.push([
      contender.name,
      whole(of(perSecond)),
      percent(of(({ inUse }) => inUse)),
      largest(samples.map(most)),
      decimals(
        of(({ requests }) => requests),
        1,
      ),
      decimals(
        of(({ commands }) => commands),
        1,
      ),
      milliseconds(of(({ p50 }) => p50)),
      milliseconds(of(({ max }) => max)),
      times(medianRatio(results.get(ours).samples, samples, perSecond)),
    ]);
  }
  return { caption, rows };
}
