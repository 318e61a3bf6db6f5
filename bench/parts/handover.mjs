import { peers, us } from '../lib/contenders.mjs';
import { competeForOneKey } from '../lib/crowd.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { decimals, milliseconds, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { measureRoundTrip } from '../lib/round-trip.mjs';
import { interleave } from '../lib/rounds.mjs';
import { median, medianOf, percentile } from '../lib/statistics.mjs';

const NODES = 3;
const HOLD_MS = [8, 16];
/** After its release a process stays away for long enough that the other one gets its turn. */
const PAUSE_MS = [4, 6];
const CONTENDERS = [us, ...peers];

/** From the release in one process to the lock in another one that has been waiting. */
export async function handover({ quick }) {
  const fleet = await Fleet.start(NODES);
  try {
    const roundTrips = [await measureRoundTrip(fleet.urls)];
    const results = await interleave(CONTENDERS, quick ? 1 : 4, async (contender, round) => {
      progress(`handover: round ${round + 1}: ${contender.name}`);
      const run = await competeForOneKey(contender, fleet, {
        processes: 2,
        workers: 1,
        holdMs: HOLD_MS,
        pauseMs: PAUSE_MS,
        durationMs: quick ? 1_000 : 1_500,
      });
      return run.failed === undefined ? describe(run) : run;
    });
    roundTrips.push(await measureRoundTrip(fleet.urls));
    const roundTripMs = median(roundTrips);
    const ours = medianOf(results.get(us).samples, ({ p50 }) => p50);
    return {
      title: 'Hand-over',
      intro:
        `Two processes, one worker each, one key on ${NODES} nodes, held for ${HOLD_MS.join(' to ')} ms. From the ` +
        'moment before `release` is called in one to the moment `acquire` resolves in the other, where that one ' +
        `was already waiting. A round trip is ${decimals(roundTripMs, 3)} ms: raw ioredis, a SET to all nodes ` +
        'until a quorum has answered, on the idle machine.',
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

function describe({ holds, overlaps }) {
  if (overlaps > 0) return { failed: `${overlaps} holds began before another had ended` };
  const tookMs = [];
  for (let next = 1; next < holds.length; next += 1) {
    const [from, to] = [holds[next - 1], holds[next]];
    if (from.process !== to.process && to.asked < from.ended) tookMs.push(to.began - from.ended);
  }
  if (tookMs.length === 0) return { failed: 'no process got the lock from the other while it waited' };
  return { count: tookMs.length, p50: percentile(tookMs, 50), p99: percentile(tookMs, 99) };
}

function rowsOf(results, roundTripMs) {
  const rows = [['who', 'p50 ms', 'p50 in round trips', 'p99 ms', 'hand-overs per round']];
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
      milliseconds(medianOf(samples, (sample) => sample.p99)),
      whole(medianOf(samples, (sample) => sample.count)),
    ]);
  }
  return rows;
}
