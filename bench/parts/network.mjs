import { Client } from '../lib/client.mjs';
import { floor, peers, us } from '../lib/contenders.mjs';
import { Distance } from '../lib/distance.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { decimals, milliseconds } from '../lib/format.mjs';
import { measureHandOver } from '../lib/hand-over.mjs';
import { progress } from '../lib/progress.mjs';
import { measureRoundTrip } from '../lib/round-trip.mjs';
import { interleave } from '../lib/rounds.mjs';
import { medianOf } from '../lib/statistics.mjs';

const NODES = 3;
const SLOW_MS = 50;
const TURNS = { callers: 30, holdMs: 1 };
const LIMIT_MS = 30_000;
/** A key is new each time, since the last holder of a sample ends with its lock. */
let samples = 0;

/** The networks, by the round trip to each of the nodes. */
const NETWORKS = [
  { name: '1 ms', roundTripsMs: [1, 1, 1] },
  { name: '10 ms', roundTripsMs: [10, 10, 10], hasPeers: true },
  { name: '50 ms', roundTripsMs: [50, 50, 50] },
  { name: `10 ms, one of three ${SLOW_MS} ms`, roundTripsMs: [10, 10, SLOW_MS], hasPeers: true },
];

/** Measures what round trips cost: proxies in a process of their own deliver every byte late. */
export async function network({ quick }) {
  const fleet = await Fleet.start(NODES);
  try {
    const measured = [];
    for (const place of NETWORKS) measured.push(await measureNetwork(fleet, place, { quick }));
    const ten = measured[1];
    const ours = ten.results.get(us).samples;
    return {
      title: 'Network',
      intro:
        `${NODES} nodes behind proxies that deliver every byte late, in a process of their own. Timers end at whole ` +
        'milliseconds, so the round trip is measured: raw ioredis, a SET to all nodes until a quorum has answered. ' +
        'A cycle: one caller acquires and releases. A hand-over: from the moment before `release` is called in one ' +
        `process to the moment \`acquire\` resolves in another one that waits. Turns: ${TURNS.callers} callers of one ` +
        `process want one key at the same moment, and hold it for ${TURNS.holdMs} ms each; the time until the last one ` +
        'has given it back. Peers ask again after 5 ms.',
      tables: measured.map(tableOf),
      figures: {
        'network.turns': medianOf(ours, ({ turnsMs }) => turnsMs - 3 * ten.roundTripMs),
        // The release reaches the nodes after half a round trip.
        'network.handover': medianOf(ours, ({ handoverMs }) => handoverMs / ten.roundTripMs - 0.5),
      },
    };
  } finally {
    await fleet.stop();
  }
}

async function measureNetwork(fleet, place, { quick }) {
  const distance = await Distance.start(fleet.urls, place.roundTripsMs);
  const contenders = [us, ...(place.hasPeers ? peers : []), floor];
  const longestMs = Math.max(...place.roundTripsMs);
  try {
    const roundTripMs = await measureRoundTrip(distance.urls, 40);
    const results = await interleave(contenders, quick ? 1 : 2, (contender, round) => {
      progress(`network: ${place.name}: round ${round + 1}: ${contender.name}`);
      return measure(contender, distance.urls, (quick ? 300 : 600) + 20 * longestMs);
    });
    return { ...place, contenders, roundTripMs, results };
  } finally {
    await distance.stop();
  }
}

async function measure(contender, urls, durationMs) {
  samples += 1;
  const prefix = `network-${samples}`;
  let client;
  try {
    client = await Client.start(contender, urls);
    await client.run('cycles', { prefix: `${prefix}-warm`, concurrency: 1, durationMs: 400 }, LIMIT_MS);
    const cycles = await client.run('cycles', { prefix, concurrency: 1, durationMs }, LIMIT_MS);
    const sample = { cycleMs: cycles.p50 };
    if (contender === floor) return sample;
    const turns = await client.run('turns', { key: `${prefix}-turns`, ...TURNS }, LIMIT_MS);
    const handover = await measureHandOver(contender, urls, { key: `${prefix}-hand`, durationMs });
    if (handover.failed !== undefined) return handover;
    return { ...sample, turnsMs: turns.tookMs, handoverMs: handover.p50 };
  } catch (error) {
    return { failed: error.message };
  } finally {
    client?.end();
  }
}

function tableOf({ name, contenders, roundTripMs, results }) {
  const rows = [
    ['who', 'cycle p50 ms', 'in round trips', 'hand-over p50 ms', 'in round trips', 'turns ms'],
    ...contenders.map((contender) => {
      const { samples: taken, failed } = results.get(contender);
      if (failed !== undefined) return [contender.name, `failed: ${failed}`, '–', '–', '–', '–'];
      const [cycleMs, handoverMs, turnsMs] = ['cycleMs', 'handoverMs', 'turnsMs'].map((figure) =>
        medianOf(taken, (sample) => sample[figure]),
      );
      const inRoundTrips = (ms) => decimals(ms === undefined ? undefined : ms / roundTripMs);
      return [
        contender.name,
        milliseconds(cycleMs),
        inRoundTrips(cycleMs),
        milliseconds(handoverMs),
        inRoundTrips(handoverMs),
        milliseconds(turnsMs),
      ];
    }),
  ];
  return { caption: `${name}; a round trip takes ${decimals(roundTripMs)} ms`, rows };
}
