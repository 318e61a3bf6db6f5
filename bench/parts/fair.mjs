import { Client } from '../lib/client.mjs';
import { us } from '../lib/contenders.mjs';
import { competeForOneKey } from '../lib/crowd.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { decimals, milliseconds, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { interleave } from '../lib/rounds.mjs';
import { setTimeout as sleep } from 'node:timers/promises';
import { largest, medianOf, medianRatio, percentile } from '../lib/statistics.mjs';

const NODES = 3;
/** These are as many clients as 32 processes would have. The nodes cannot tell the difference. */
const CROWD = { processes: 8, sessions: 4, workers: 4, holdMs: 10, thinkMs: 5 };
const DEAD = 3;
const LIMIT_MS = 20_000;

const plain = { ...us, name: 'plain' };
const fairly = { ...us, name: 'fair: true', lock: { fair: true } };

/** Measures first come, first served. */
export async function fair({ quick }) {
  const fleet = await Fleet.start(NODES);
  try {
    const results = await interleave([plain, fairly], quick ? 1 : 3, async (contender, round) => {
      progress(`fair: round ${round + 1}: ${contender.name}`);
      const run = await competeForOneKey(contender, fleet, { ...CROWD, durationMs: quick ? 1_500 : 4_000 });
      return run.failed === undefined ? describe(run) : run;
    });
    const deadMs = [];
    for (let round = 0; round < (quick ? 1 : 4); round += 1) {
      progress(`fair: dead waiters, round ${round + 1}`);
      deadMs.push(await measureDead(fleet.urls, `dead-${round}`));
    }
    const [ours, theirs] = [results.get(fairly).samples, results.get(plain).samples];
    return {
      title: 'In line',
      intro:
        `One exclusive lock on ${NODES} nodes, ${CROWD.processes} processes with ${CROWD.sessions} clients each, one ` +
        `call per client at a time: held for ${CROWD.holdMs} ms, asked for again after ${CROWD.thinkMs} ms, both in ` +
        'the mean. Overtaken counts, for one wait, the holds that began in it and were asked for later. Dead waiters: ' +
        `${DEAD} processes that wait in line are killed, then the holder releases; from there to the lock of the one ` +
        'behind them.',
      tables: [{ rows: rowsOf(results) }, { caption: 'Dead waiters in front', rows: deadRowsOf(deadMs) }],
      figures: {
        'fair.overtaken': largest(ours.map(({ overtaken }) => overtaken)),
        'fair.worst': medianRatio(ours, theirs, (sample) => sample.max),
        'fair.speed': medianRatio(ours, theirs, (sample) => sample.perSecond),
        'fair.deadMs': largest(deadMs),
      },
    };
  } finally {
    await fleet.stop();
  }
}

function describe({ seconds, holds, stillWaiting, requests, countedHolds, overlaps }) {
  if (overlaps > 0) return { failed: `${overlaps} holds began before another had ended` };
  const waits = [...holds.map(({ asked, began }) => began - asked), ...stillWaiting.map(({ ms }) => ms)];
  return {
    perSecond: holds.length / seconds,
    requests: countedHolds === 0 ? undefined : requests / countedHolds,
    p50: percentile(waits, 50),
    p99: percentile(waits, 99),
    max: largest(waits),
    overtaken: largest(holds.map((hold) => overtakersOf(hold, holds))),
  };
}

function overtakersOf({ asked, began }, holds) {
  return holds.filter((other) => other.asked > asked && other.began < began).length;
}

/** Some waiters in line die, and then the holder releases the lock. */
async function measureDead(urls, key) {
  const clients = await Promise.all(Array.from({ length: DEAD + 2 }, () => Client.start(fairly, urls)));
  try {
    const [holder, last, ...dead] = clients;
    await holder.run('take', { key }, LIMIT_MS);
    const dying = dead.map((client) => client.run('take', { key }, LIMIT_MS).catch(() => undefined));
    await sleep(300);
    const taking = last.run('take', { key }, LIMIT_MS);
    await sleep(300);
    for (const client of dead) client.end();
    await Promise.all(dying);
    const given = await holder.run('give', { key }, LIMIT_MS);
    return (await taking) - given;
  } finally {
    for (const client of clients) client.end();
  }
}

function rowsOf(results) {
  const rows = [
    ['how', 'locks/s', 'requests per lock', 'overtaken at most', 'wait p50 ms', 'p99 ms', 'max ms'],
  ];
  for (const [{ name }, { samples, failed }] of results) {
    if (failed !== undefined) {
      rows.push([name, `failed: ${failed}`, ...new Array(rows[0].length - 2).fill('–')]);
      continue;
    }
    const of = (figure) => medianOf(samples, figure);
    rows.push([
      name,
      whole(of(({ perSecond }) => perSecond)),
      decimals(
        of(({ requests }) => requests),
        1,
      ),
      whole(largest(samples.map(({ overtaken }) => overtaken))),
      milliseconds(of(({ p50 }) => p50)),
      milliseconds(of(({ p99 }) => p99)),
      milliseconds(of(({ max }) => max)),
    ]);
  }
  return rows;
}

function deadRowsOf(deadMs) {
  return [
    ['dead', 'idle p50 ms', 'max ms'],
    [DEAD, milliseconds(percentile(deadMs, 50)), milliseconds(largest(deadMs))],
  ];
}
