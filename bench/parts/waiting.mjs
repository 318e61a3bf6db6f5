import { Client } from '../lib/client.mjs';
import { us } from '../lib/contenders.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';

const NODES = 3;
const LIMIT_MS = 60_000;

/** Measures callers of one process that stand in line for one key. */
export async function waiting({ quick }) {
  // No more callers may wait for one resource, unless `maxWaiting` permits it.
  const count = quick ? 2_000 : 9_000;
  const fleet = await Fleet.start(NODES);
  try {
    progress(`waiting: ${whole(count)} callers`);
    const client = await Client.start(us, fleet.urls);
    const result = await client.run('waiting', { prefix: 'waiting', count }, LIMIT_MS);
    client.end();
    return {
      title: 'Waiting',
      intro:
        `${whole(count)} callers of one process wait for one key that it holds, on ${NODES} nodes. Then each of them gets ` +
        'it, and gives it back at once.',
      tables: [
        {
          rows: [
            ['', 'measured'],
            ['heap per waiter', `${whole(result.heapPerWaiter)} B`],
            ['locks/s until the last had it', whole(result.perSecond)],
          ],
        },
      ],
      figures: { 'waiting.heap': result.heapPerWaiter, 'waiting.rate': result.perSecond },
    };
  } finally {
    await fleet.stop();
  }
}
