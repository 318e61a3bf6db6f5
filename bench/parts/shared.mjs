import { Client } from '../lib/client.mjs';
import { us } from '../lib/contenders.mjs';
import { compete } from '../lib/crowd.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { decimals, milliseconds, times, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { interleave } from '../lib/rounds.mjs';
import { largest, medianOf, medianRatio, percentile } from '../lib/statistics.mjs';

const NODES = 3;
const AT_ONCE = 100;
const LIMIT_MS = 10_000;
const READERS = { processes: 6, workers: 8, holdMs: 8, thinkMs: 2 };
const WRITER = { processes: 1, workers: 1, holdMs: 5, thinkMs: 50 };

const exclusively = { ...us, name: 'exclusive' };
const sharing = { ...us, name: "mode: 'shared'", lock: { mode: 'shared' } };
const readers = { contender: sharing, ...READERS };
const writer = { contender: exclusively, ...WRITER };
const alone = { name: 'readers alone', crowds: [readers] };
const beside = { name: 'and one writer', crowds: [readers, writer] };

/** Measures many readers, without and with one writer. */
export async function shared({ quick }) {
  const fleet = await Fleet.start(NODES);
  try {
    const lone = await measureAlone(fleet, { quick });
    const crowds = await interleave(
      [alone, beside],
      quick ? 1 : 3,
      async ({ name, crowds: several }, round) => {
        progress(`shared: round ${round + 1}: ${name}`);
        const run = await compete(fleet, several, { durationMs: quick ? 1_500 : 3_000 });
        return run.failed === undefined ? describe(run) : run;
      },
    );
    const [undisturbed, disturbed] = [crowds.get(alone).samples, crowds.get(beside).samples];
    return {
      title: 'Readers and writers',
      intro:
        `${NODES} nodes. Alone: ${AT_ONCE} callers of one process, each with a resource of its own, acquire and ` +
        `release. Together: ${READERS.processes} processes with ${READERS.workers} readers each of one resource, which ` +
        `read for ${READERS.holdMs} ms and come again after ${READERS.thinkMs} ms, without and with a writer that ` +
        `writes for ${WRITER.holdMs} ms and comes again after ${WRITER.thinkMs} ms, all in the mean. Requests are ` +
        'scripts and subscriptions that all nodes together have answered.',
      tables: [
        { caption: `${AT_ONCE} at once`, rows: loneRowsOf(lone) },
        { caption: '48 readers of one resource', rows: crowdRowsOf(crowds) },
      ],
      figures: {
        'shared.alone': medianRatio(lone.get(sharing).samples, lone.get(exclusively).samples, perSecond),
        'shared.reads': medianRatio(disturbed, undisturbed, perSecond),
        'shared.write': medianOf(disturbed, ({ worstWrite }) => worstWrite),
        'shared.requests': medianOf(disturbed, ({ requests }) => requests),
      },
    };
  } finally {
    await fleet.stop();
  }
}

async function measureAlone({ urls }, { quick }) {
  const clients = new Map();
  const durationMs = quick ? 200 : 400;
  try {
    for (const contender of [exclusively, sharing]) {
      const client = await Client.start(contender, urls);
      clients.set(contender, client);
      const warmUp = { prefix: 'warm', concurrency: AT_ONCE, durationMs: 1_500 };
      await client.run('cycles', warmUp, LIMIT_MS);
    }
    return await interleave([exclusively, sharing], quick ? 2 : 6, async (contender, round) => {
      progress(`shared: alone, round ${round + 1}: ${contender.name}`);
      const input = { prefix: `s${round}`, concurrency: AT_ONCE, durationMs };
      const sample = await clients.get(contender).run('cycles', input, LIMIT_MS);
      return sample.failures === 0 ? sample : { failed: sample.firstFailure };
    });
  } finally {
    for (const client of clients.values()) client.end();
  }
}

function describe({ seconds, holds, stillWaiting, requests, countedHolds }) {
  const of = (number) => holds.filter(({ crowd }) => crowd === number);
  const [reads, writes] = [of(0), of(1)];
  const clashes = writes.filter((write) => holds.some((other) => other !== write && areAtOnce(write, other)));
  if (clashes.length > 0) return { failed: `${clashes.length} writes at the same time as others` };
  const waitsOf = (list, number) => [
    ...list.map(({ asked, began }) => began - asked),
    ...stillWaiting.filter(({ crowd }) => crowd === number).map(({ ms }) => ms),
  ];
  return {
    perSecond: reads.length / seconds,
    readP99: percentile(waitsOf(reads, 0), 99),
    writesPerSecond: writes.length / seconds,
    writeP50: percentile(waitsOf(writes, 1), 50),
    worstWrite: largest(waitsOf(writes, 1)),
    requests: countedHolds === 0 ? undefined : requests / countedHolds,
  };
}

function areAtOnce(one, other) {
  return one.began < other.ended && other.began < one.ended;
}

const perSecond = (sample) => sample?.perSecond;

function loneRowsOf(results) {
  const rows = [['how', 'cycles/s', 'of exclusive', 'CPU µs/cycle', 'p50 ms', 'p99 ms']];
  for (const [{ name }, { samples, failed }] of results) {
    if (failed !== undefined) {
      rows.push([name, `failed: ${failed}`, '–', '–', '–', '–']);
      continue;
    }
    rows.push([
      name,
      whole(medianOf(samples, perSecond)),
      times(medianRatio(samples, results.get(exclusively).samples, perSecond)),
      whole(medianOf(samples, ({ cpuMicros }) => cpuMicros)),
      milliseconds(medianOf(samples, ({ p50 }) => p50)),
      milliseconds(medianOf(samples, ({ p99 }) => p99)),
    ]);
  }
  return rows;
}

function crowdRowsOf(results) {
  const rows = [
    [
      'who',
      'reads/s',
      'read p99 ms',
      'writes/s',
      'write p50 ms',
      'longest wait of a writer ms',
      'requests per hold',
    ],
  ];
  for (const [{ name }, { samples, failed }] of results) {
    if (failed !== undefined) {
      rows.push([name, `failed: ${failed}`, ...new Array(rows[0].length - 2).fill('–')]);
      continue;
    }
    const of = (figure) => medianOf(samples, figure);
    rows.push([
      name,
      whole(of(perSecond)),
      milliseconds(of(({ readP99 }) => readP99)),
      whole(of(({ writesPerSecond }) => writesPerSecond)),
      milliseconds(of(({ writeP50 }) => writeP50)),
      milliseconds(of(({ worstWrite }) => worstWrite)),
      decimals(of(({ requests }) => requests)),
    ]);
  }
  return rows;
}
