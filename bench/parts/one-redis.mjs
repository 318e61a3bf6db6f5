import { Client } from '../lib/client.mjs';
import { floor, peers, us } from '../lib/contenders.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { milliseconds, times, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { bestBy, interleave } from '../lib/rounds.mjs';
import { medianOf, medianRatio } from '../lib/statistics.mjs';

const LEVELS = [1, 10];
const CONTENDERS = [us, ...peers, floor];
const LIMIT_MS = 10_000;

const perSecond = (sample) => sample?.perSecond;
const cpu = (sample) => sample?.cpuMicros;
const p50 = (sample) => sample?.p50;

/**
 * Measures one Redis and few callers, as most users have it. It has more rounds than `uncontended`, since the
 * ratios are near 1.
 */
export async function oneRedis({ quick }) {
  const fleet = await Fleet.start(1);
  try {
    const rounds = quick ? 3 : 11;
    const cells = [];
    for (const concurrency of LEVELS) {
      cells.push({ concurrency, results: await measureLevel(fleet.urls, { concurrency, rounds }) });
    }
    return {
      title: 'One Redis',
      intro:
        'One node; one caller, and ten at once, each with a lock of its own: acquire, release, again with another key. ' +
        `${rounds} rounds of 0.25 s each.`,
      tables: cells.map(tableOf),
      figures: Object.assign({}, ...cells.map(figuresOf)),
    };
  } finally {
    await fleet.stop();
  }
}

async function measureLevel(urls, { concurrency, rounds }) {
  const clients = new Map();
  const results = await interleave(CONTENDERS, rounds, async (contender, round) => {
    progress(`one-redis: ${concurrency} at once, round ${round + 1}: ${contender.name}`);
    try {
      const client = clients.get(contender) ?? (await Client.start(contender, urls));
      clients.set(contender, client);
      const prefix = `o${concurrency}-${round}`;
      if (round === 0)
        await client.run('cycles', { prefix: `${prefix}w`, concurrency, durationMs: 2_000 }, LIMIT_MS);
      const sample = await client.run('cycles', { prefix, concurrency, durationMs: 250 }, LIMIT_MS);
      return sample.failures === 0 ? sample : { failed: sample.firstFailure };
    } catch (error) {
      return { failed: error.message };
    }
  });
  for (const client of clients.values()) client.end();
  return results;
}

function tableOf({ concurrency, results }) {
  const floorSamples = results.get(floor).samples;
  const rows = CONTENDERS.map((contender) => {
    const { samples, failed } = results.get(contender);
    if (failed !== undefined) return [contender.name, `failed: ${failed}`, '–', '–', '–', '–'];
    return [
      contender.name,
      whole(medianOf(samples, perSecond)),
      times(medianRatio(samples, floorSamples, perSecond)),
      whole(medianOf(samples, cpu)),
      milliseconds(medianOf(samples, p50)),
      times(medianRatio(samples, floorSamples, p50)),
    ];
  });
  return {
    caption: concurrency === 1 ? 'one caller' : `${concurrency} at once`,
    rows: [['who', 'cycles/s', 'of the floor', 'CPU µs/cycle', 'p50 ms', 'p50 against the floor'], ...rows],
  };
}

function figuresOf({ concurrency, results }) {
  const ours = results.get(us).samples;
  const best = bestBy(results, peers, ({ samples }) => medianOf(samples, perSecond));
  const leanest = bestBy(results, peers, ({ samples }) => -medianOf(samples, cpu));
  if (best === undefined) return {};
  return {
    [`one.speed${concurrency}`]: medianRatio(ours, results.get(best).samples, perSecond),
    [`one.cpu${concurrency}`]: medianRatio(ours, results.get(leanest).samples, cpu),
    [`one.latency${concurrency}`]: medianRatio(ours, results.get(floor).samples, p50),
  };
}
