import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../lib/client.mjs';
import { floor, peers, us } from '../lib/contenders.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { milliseconds, times, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { interleave } from '../lib/rounds.mjs';
import { medianOf } from '../lib/statistics.mjs';

const NODES = 3;
const WORKERS = 16;
const LIMIT_MS = 15_000;
const CONTENDERS = [us, ...peers, floor];
const VERBS = ['acquire', 'release'];

/** Measures a fleet in which one of three masters stops answering, while its connections stay open. */
export async function stalled({ quick }) {
  const fleet = await Fleet.start(NODES);
  const pids = await fleet.pids();
  try {
    const durationMs = quick ? 700 : 1_200;
    const results = await interleave(CONTENDERS, quick ? 1 : 5, (contender, round) => {
      progress(`stalled: round ${round + 1}: ${contender.name}`);
      return measure(contender, fleet.urls, { pid: pids[round % NODES], round, durationMs });
    });
    return {
      title: 'One of three nodes stalled',
      intro:
        `${WORKERS} workers with a lock of their own each, before and while one node (another one in each round) is ` +
        'stopped by SIGSTOP. A call that has not ended 3 s after the end counts as hanging, with the time so far.',
      tables: [{ rows: rowsOf(results) }],
      figures: {
        ...Object.fromEntries(
          VERBS.map((verb) => [`stalled.${verb}`, medianOf(results.get(us).samples, ratioOf(verb))]),
        ),
        'stalled.speed': medianOf(
          results.get(us).samples,
          ({ healthy, stall }) => stall.release.count / healthy.release.count,
        ),
      },
    };
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await fleet.stop();
  }
}

async function measure(contender, urls, { pid, round, durationMs }) {
  let client;
  try {
    client = await Client.start(contender, urls);
    const run = (prefix, ms) =>
      client.run(
        'operations',
        { prefix: `${prefix}${round}-${contender.module}`, workers: WORKERS, durationMs: ms },
        LIMIT_MS,
      );
    await run('warm', 300);
    const healthy = await run('healthy', durationMs);
    process.kill(pid, 'SIGSTOP');
    const stall = await run('stalled', durationMs);
    return { healthy, stall };
  } catch (error) {
    return { failed: error.message };
  } finally {
    client?.end();
    process.kill(pid, 'SIGCONT');
    // The master works off the requests that were sent to it in the meantime.
    await sleep(100);
  }
}

function ratioOf(verb) {
  return ({ healthy, stall }) => stall[verb].p99 / healthy[verb].p99;
}

function rowsOf(results) {
  const rows = [['who', 'call', 'healthy p99 ms', 'stalled p99 ms', 'ratio', 'calls', 'hanging', 'failed']];
  for (const contender of CONTENDERS) {
    const { samples, failed } = results.get(contender);
    for (const verb of VERBS) {
      const of = (figure) => medianOf(samples, figure);
      const figures =
        failed === undefined
          ? [
              milliseconds(of(({ healthy }) => healthy[verb].p99)),
              milliseconds(of(({ stall }) => stall[verb].p99)),
              times(of(ratioOf(verb))),
              whole(of(({ stall }) => stall[verb].count)),
              whole(of(({ stall }) => stall[verb].hanging)),
              whole(of(({ stall }) => stall[verb].failures)),
            ]
          : [`failed: ${failed}`, '–', '–', '–', '–', '–'];
      rows.push([contender.name, verb, ...figures]);
    }
  }
  return rows;
}
