import { peers, us } from '../lib/contenders.mjs';
import { competeForOneKey } from '../lib/crowd.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { decimals, milliseconds, percent, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { measureRoundTrip, measureTimer } from '../lib/round-trip.mjs';
import { interleave } from '../lib/rounds.mjs';
import { jainIndex, largest, mean, medianOf, percentile, sum } from '../lib/statistics.mjs';

const HOLD_MS = 2;
const NODES = 3;
const HEADLINE = { processes: 4, workers: 8 };
const OTHERS = [
  { processes: 1, workers: 32 },
  { processes: 4, workers: 1 },
];
const CONTENDERS = [us, ...peers];

/** Measures one lock that all workers want. */
export async function contended({ quick }) {
  const fleet = await Fleet.start(NODES);
  try {
    const crowds = quick ? [HEADLINE] : [HEADLINE, ...OTHERS];
    const results = [];
    for (const crowd of crowds) {
      results.push({ ...crowd, ...(await measureCrowd(fleet, crowd, { quick })) });
    }
    return {
      title: 'Contended',
      intro:
        `One key on ${NODES} nodes, held for ${HOLD_MS} ms by a timer. The limit is 1/(hold + round trip), both ` +
        'measured with nothing else going on: what that timer really takes, and a round of raw ioredis (a SET to all ' +
        'nodes until a quorum has answered); before and after, and the higher limit counts. A library that keeps the ' +
        'machine busy makes the timers late; that is in the hold of its row and lowers its share. Commands are those ' +
        'that all nodes together processed, those inside of scripts included. Waits count from the call to the lock; who still waited at the end counts with ' +
        'the time so far. Every hold is checked from outside against all others, on one monotonic clock: an overlap ' +
        'fails the run. Peers poll, here with the delay that suits such a crowd best; the hand-over shows what that ' +
        'costs elsewhere.',
      tables: results.map(tableOf),
      figures: figuresOf(results[0]),
      charts: [chartOf(results[0])],
    };
  } finally {
    await fleet.stop();
  }
}

async function measureCrowd(fleet, { processes, workers }, { quick }) {
  const isHeadline = processes === HEADLINE.processes && workers === HEADLINE.workers;
  const rounds = quick || !isHeadline ? 1 : 3;
  const durationMs = quick ? 1_000 : 2_000;
  const before = await measureLimit(fleet);
  const results = await interleave(CONTENDERS, rounds, async (contender, round) => {
    progress(`contended: ${processes} processes x ${workers}, round ${round + 1}: ${contender.name}`);
    const { crowdRetryMs: retryMs } = contender;
    const run = await competeForOneKey(contender, fleet, {
      processes,
      workers,
      holdMs: HOLD_MS,
      durationMs,
      retryMs,
    });
    return run.failed === undefined ? describe(run) : run;
  });
  const after = await measureLimit(fleet);
  // Other load on the machine can only have lowered the limit, so the higher one counts.
  return { ...(before.limit > after.limit ? before : after), results };
}

/** Measures the limit in locks per second. */
async function measureLimit({ urls }) {
  const holdMs = await measureTimer(HOLD_MS);
  const roundTripMs = await measureRoundTrip(urls);
  return { holdMs, roundTripMs, limit: 1_000 / (holdMs + roundTripMs) };
}

function describe({ processes, seconds, holds, stillWaiting, commands, countedHolds, overlaps }) {
  if (overlaps > 0) return { failed: `${overlaps} holds began before another had ended` };
  const waits = [...holds.map(({ asked, began }) => began - asked), ...stillWaiting.map(({ ms }) => ms)];
  const shares = new Array(processes).fill(0);
  for (const { process } of holds) shares[process] += 1;
  return {
    perSecond: holds.length / seconds,
    holdMs: mean(holds.map(({ began, ended }) => ended - began)),
    commands: countedHolds === 0 ? undefined : commands / countedHolds,
    // A single process is always fair to itself.
    jain: processes === 1 ? undefined : jainIndex(shares),
    p50: percentile(waits, 50),
    p99: percentile(waits, 99),
    max: largest(waits),
    p99OverMean: percentile(waits, 99) / (sum(waits) / waits.length),
  };
}

function tableOf({ processes, workers, roundTripMs, holdMs: timerMs, limit, results }) {
  const head = ['who', 'locks/s', 'share of the limit', 'hold ms', 'commands per lock', 'Jain'];
  const rows = [[...head, 'wait p50 ms', 'p99 ms', 'max ms', 'p99/mean', 'overlaps']];
  for (const contender of CONTENDERS) {
    const { samples, failed } = results.get(contender);
    if (failed !== undefined) {
      rows.push([contender.name, `failed: ${failed}`, ...new Array(rows[0].length - 2).fill('–')]);
      continue;
    }
    const of = (figure) => medianOf(samples, figure);
    rows.push([
      contender.name,
      whole(of(({ perSecond }) => perSecond)),
      percent(of(({ perSecond }) => perSecond / limit)),
      decimals(of(({ holdMs }) => holdMs)),
      decimals(
        of(({ commands }) => commands),
        1,
      ),
      decimals(
        of(({ jain }) => jain),
        3,
      ),
      milliseconds(of(({ p50 }) => p50)),
      milliseconds(of(({ p99 }) => p99)),
      milliseconds(of(({ max }) => max)),
      decimals(
        of(({ p99OverMean }) => p99OverMean),
        1,
      ),
      0,
    ]);
  }
  const crowd = `${processes} ${processes === 1 ? 'process' : 'processes'} x ${workers} workers`;
  const facts = `hold ${decimals(timerMs)} ms, round trip ${decimals(roundTripMs, 3)} ms`;
  const caption = `${crowd}: at most ${whole(limit)} locks/s (${facts})`;
  return { caption, rows };
}

function figuresOf({ limit, results }) {
  const { samples } = results.get(us);
  return {
    'contended.share': medianOf(samples, ({ perSecond }) => perSecond / limit),
    'contended.commands': medianOf(samples, ({ commands }) => commands),
    'contended.jain': medianOf(samples, ({ jain }) => jain),
    'contended.p99OverMean': medianOf(samples, ({ p99OverMean }) => p99OverMean),
  };
}

function chartOf({ processes, workers, limit, results }) {
  return {
    title: `Contended, ${processes} processes x ${workers} workers, 3 nodes: share of what is possible`,
    bars: CONTENDERS.map((contender) => ({
      label: contender.name,
      value: medianOf(results.get(contender).samples, ({ perSecond }) => perSecond / limit),
      kind: contender === us ? 'us' : 'peer',
    })),
    format: 'percent',
    most: 1,
  };
}
