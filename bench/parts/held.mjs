import { Client } from '../lib/client.mjs';
import { us } from '../lib/contenders.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { decimals, percent, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';

const NODES = 3;
const LIMIT_MS = 90_000;

/** Measures many locks that are only kept alive. */
export async function held({ quick }) {
  const count = quick ? 5_000 : 50_000;
  const durationMs = quick ? 6_000 : 15_000;
  const fleet = await Fleet.start(NODES);
  try {
    progress(`held: ${whole(count)} locks for ${durationMs / 1_000} s`);
    const client = await Client.start(us, fleet.urls);
    const result = await client.run('held', { prefix: 'held', count, durationMs }, LIMIT_MS);
    const onNodes = await fleet.keyCounts();
    client.end();
    return {
      title: 'Held',
      intro:
        `${whole(count)} locks of one process, ttl 10 s, kept alive by the library for ${durationMs / 1_000} s. ` +
        'Lost: those that did not say they were held at the end. Peers are left out: they keep a lock alive with a ' +
        'timer each, and only around a task or a lock object.',
      tables: [
        {
          rows: [
            ['', 'measured'],
            ['lost', whole(result.lost)],
            ['keys on the nodes at the end', onNodes.map(whole).join(' / ')],
            ['CPU of one core', percent(result.cpuShare)],
            ['event-loop delay p99', `${decimals(result.delayP99, 1)} ms`],
            ['event-loop delay, largest', `${decimals(result.delayMax, 1)} ms`],
            ['heap per lock', `${whole(result.heapPerLock)} B`],
            ['taking them all', `${decimals(result.acquireMs / 1_000, 2)} s`],
          ],
        },
      ],
      figures: {
        'held.lost': result.lost,
        'held.cpu': result.cpuShare,
        'held.delay': result.delayP99,
        'held.heap': result.heapPerLock,
      },
    };
  } finally {
    await fleet.stop();
  }
}
