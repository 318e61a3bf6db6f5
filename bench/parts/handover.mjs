import { peers, us } from '../lib/contenders.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { decimals, milliseconds, whole } from '../lib/format.mjs';
import { measureHandOver, WAITED_MS } from '../lib/hand-over.mjs';
import { progress } from '../lib/progress.mjs';
import { measureRoundTrip } from '../lib/round-trip.mjs';
import { interleave } from '../lib/rounds.mjs';
import { median, medianOf } from '../lib/statistics.mjs';

const NODES = 3;

/**
 * The peers poll. So they are measured with a delay that is good for two processes, and with the one that is
 * good for many.
 */
const CONTENDERS = [us, ...peers.flatMap((peer) => [polling(peer, 5), polling(peer, peer.crowdRetryMs)])];

/** Measures the time from the release in one process to the lock in another process that has been waiting. */
export async function handover({ quick }) {
  const fleet = await Fleet.start(NODES);
  try {
    const roundTrips = [await measureRoundTrip(fleet.urls)];
    let samples = 0;
    const results = await interleave(CONTENDERS, quick ? 1 : 2, (contender, round) => {
      progress(`handover: round ${round + 1}: ${contender.name}`);
      // The key is new each time, since the last holder of a sample ends with its lock.
      samples += 1;
      return measureHandOver(contender, fleet.urls, {
        key: `handover-${samples}`,
        durationMs: quick ? 1_000 : 2_000,
      });
    });
    roundTrips.push(await measureRoundTrip(fleet.urls));
    const roundTripMs = median(roundTrips);
    const ours = medianOf(results.get(us).samples, ({ p50 }) => p50);
    return {
      title: 'Hand-over',
      intro:
        `Two processes pass one lock on ${NODES} nodes to and fro: from the moment before \`release\` is called in ` +
        'one to the moment `acquire` resolves in the other, which has been waiting for ' +
        `${WAITED_MS.least} to ${WAITED_MS.most} ms. A round trip is ${decimals(roundTripMs, 3)} ms: raw ioredis, a ` +
        'SET to all nodes until a quorum has answered, with nothing else going on.',
      tables: [{ rows: rowsOf(results, roundTripMs) }],
      figures: {
        'handover.ms': ours,
        'handover.roundTrips': ours === undefined ? undefined : ours / roundTripMs,
      },
    };
  } finally {
    await fleet.stop();
  }
}

function polling(peer, retryMs) {
  return { ...peer, retryMs, name: `${peer.name}, retry ${retryMs} ms` };
}

function rowsOf(results, roundTripMs) {
  const rows = [['who', 'p50 ms', 'p50 in round trips', 'largest ms', 'hand-overs per round']];
  for (const contender of CONTENDERS) {
    const { samples, failed } = results.get(contender);
    if (failed !== undefined) {
      rows.push([contender.name, `failed: ${failed}`, '–', '–', '–']);
      continue;
    }
    const p50 = medianOf(samples, (sample) => sample.p50);
    rows.push([
      contender.name,
      milliseconds(p50),
      decimals(p50 / roundTripMs, 1),
      milliseconds(medianOf(samples, (sample) => sample.max)),
      whole(medianOf(samples, (sample) => sample.count)),
    ]);
  }
  return rows;
}
