import { Client } from '../lib/client.mjs';
import { floor, peers, us } from '../lib/contenders.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { milliseconds, times, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { bestBy, interleave } from '../lib/rounds.mjs';
import { medianOf, medianRatio } from '../lib/statistics.mjs';

const CONCURRENCIES = [1, 10, 100, 1_000, 10_000];
const CONTENDERS = [us, ...peers, floor];
const LIMIT_MS = 10_000;

const perSecond = (sample) => sample?.perSecond;
const cpu = (sample) => sample?.cpuMicros;
const p50 = (sample) => sample?.p50;
const p99 = (sample) => sample?.p99;

/** Measures locks that nobody else wants: the cost of a lock by itself. */
export async function uncontended({ quick }) {
  const sizes = quick ? [3] : [1, 3, 5];
  const rounds = quick ? 2 : 4;
  const durationMs = quick ? 200 : 250;
  const cells = [];
  for (const size of sizes) {
    const fleet = await Fleet.start(size);
    try {
      cells.push(...(await measureFleet(fleet, size, { rounds, durationMs })));
    } finally {
      await fleet.stop();
    }
  }
  return {
    title: 'Uncontended',
    intro:
      'Workers of one process, each with a lock of its own: acquire, release, again with another key. CPU is that of ' +
      'the client process. The floor is raw ioredis, `SET NX PX` and a compare-and-delete by `EVALSHA` on every ' +
      'node, waiting for a quorum of answers; it does not retry, keeps nothing alive and has no deadlines.',
    tables: sizes.map((size) => tableOf(cells, size)),
    figures: figuresOf(cells),
    charts: sizes.filter((size) => size > 1).map((size) => chartOf(cells, size)),
  };
}

/**
 * Each round measures all levels, so that they too are compared with their neighbours in time. A single cycle
 * of ten thousand takes a quarter of a second or more. So this level is measured for longer, and the other
 * contenders in it only once.
 */
async function measureFleet(fleet, size, { rounds, durationMs }) {
  const clients = new Map();
  const levels = CONCURRENCIES.map((concurrency) => ({ size, concurrency, isLarge: concurrency >= 10_000 }));
  const pairs = levels.flatMap((level) => CONTENDERS.map((contender) => ({ level, contender })));
  const results = await interleave(pairs, rounds, async ({ level, contender }, round) => {
    const { concurrency, isLarge } = level;
    if (isLarge && contender !== us && round > 0) return undefined;
    progress(`uncontended: ${size} nodes, round ${round + 1}: ${concurrency} at once: ${contender.name}`);
    const lastsMs = isLarge ? 4 * durationMs : durationMs;
    return measure(contender, clients, fleet.urls, { concurrency, durationMs: lastsMs, round });
  });
  for (const client of clients.values()) client.end();
  return levels.map((level) => ({
    ...level,
    results: new Map(
      pairs.filter((pair) => pair.level === level).map((pair) => [pair.contender, results.get(pair)]),
    ),
  }));
}

async function measure(contender, clients, urls, { concurrency, durationMs, round }) {
  try {
    const client = await clientOf(contender, clients, urls);
    const prefix = `u${concurrency}-${round}`;
    if (round === 0) await client.run('cycles', warmUp(prefix, concurrency), LIMIT_MS);
    const sample = await client.run('cycles', { prefix, concurrency, durationMs }, LIMIT_MS);
    if (sample.failures === 0) return sample;
    return { failed: `${whole(sample.failures)} of ${whole(concurrency)} workers: ${sample.firstFailure}` };
  } catch (error) {
    return { failed: error.message };
  }
}

/**
 * A lock service runs for days, so compiled code counts. The first level of a process takes the longest. The
 * others have little code of their own: ten thousand callers use the same code as one thousand.
 */
function warmUp(prefix, concurrency) {
  const durationMs = concurrency === 1 ? 2_000 : 400;
  return { prefix: `${prefix}w`, concurrency: Math.min(concurrency, 1_000), durationMs };
}

/** Replaces a client that failed: what it left behind must not be measured with the next level. */
async function clientOf(contender, clients, urls) {
  const existing = clients.get(contender);
  if (existing?.isAlive) return existing;
  const client = await Client.start(contender, urls);
  clients.set(contender, client);
  return client;
}

function tableOf(cells, size) {
  const rows = [['at once', 'who', 'cycles/s', 'of the floor', 'CPU µs/cycle', 'p50 ms', 'p99 ms']];
  for (const { concurrency, results } of cells.filter((cell) => cell.size === size)) {
    const floorSamples = results.get(floor).samples;
    for (const contender of CONTENDERS) {
      const { samples, failed } = results.get(contender);
      const figures =
        failed === undefined
          ? [
              whole(medianOf(samples, perSecond)),
              times(medianRatio(samples, floorSamples, perSecond)),
              whole(medianOf(samples, cpu)),
              milliseconds(medianOf(samples, p50)),
              milliseconds(medianOf(samples, p99)),
            ]
          : [`failed: ${failed}`, '–', '–', '–', '–'];
      rows.push([whole(concurrency), contender.name, ...figures]);
    }
  }
  return { caption: `${size} ${size === 1 ? 'node' : 'nodes'}`, rows };
}

/** The figures for the table of targets. */
function figuresOf(cells) {
  const figures = {};
  for (const { size, concurrency, results } of cells) {
    const name = `${size}n${concurrency}`;
    const ours = results.get(us).samples;
    const best = bestBy(results, peers, (result) => medianOf(result.samples, perSecond));
    const leanest = bestBy(results, peers, (result) => negative(medianOf(result.samples, cpu)));
    if (best === undefined) continue;
    figures[`speed.${name}`] = medianRatio(ours, results.get(best).samples, perSecond);
    figures[`cpu.${name}`] = medianRatio(ours, results.get(leanest).samples, cpu);
    const quickest = bestBy(results, peers, (result) => negative(medianOf(result.samples, p50)));
    figures[`latency.${name}`] = medianRatio(ours, results.get(floor).samples, p50);
    figures[`latencyOfPeers.${name}`] = medianRatio(ours, results.get(quickest).samples, p50);
  }
  for (const size of new Set(cells.map((cell) => cell.size))) {
    figures[`plateau.${size}n`] = plateau(cells.filter((cell) => cell.size === size));
  }
  return figures;
}

function negative(value) {
  return value === undefined ? undefined : -value;
}

/**
 * The throughput at 10,000 at once, as a share of that at 100 or 1,000 in the same round, whichever is more.
 */
function plateau(cells) {
  const [few, many, most] = [100, 1_000, 10_000].map(
    (wanted) => cells.find(({ concurrency }) => concurrency === wanted).results.get(us).samples,
  );
  const best = few.map((sample, round) => {
    return (perSecond(sample) ?? 0) > (perSecond(many[round]) ?? 0) ? sample : many[round];
  });
  return medianRatio(most, best, perSecond);
}

function chartOf(cells, size) {
  const { results } = cells.find((cell) => cell.size === size && cell.concurrency === 1_000);
  return {
    title: `Uncontended, 1,000 at once, ${size} nodes: cycles per second`,
    bars: CONTENDERS.map((contender) => ({
      label: contender.name,
      value: medianOf(results.get(contender).samples, perSecond),
      kind: contender === us ? 'us' : contender === floor ? 'floor' : 'peer',
    })),
    format: 'whole',
  };
}
