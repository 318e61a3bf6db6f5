import { Client } from '../lib/client.mjs';
import { us } from '../lib/contenders.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';

const NODES = 3;
const LIMIT_MS = 60_000;

/** Measures callers of one process that stand in line for one key, or wait for one key each. */
export async function waiting({ quick }) {
  // No more callers may wait for one resource, unless `maxWaiting` permits it.
  const count = quick ? 2_000 : 9_000;
  const keys = quick ? 500 : 2_000;
  const fleet = await Fleet.start(NODES);
  try {
    progress(`waiting: ${whole(count)} callers`);
    const client = await Client.start(us, fleet.urls);
    const result = await client.run('waiting', { prefix: 'waiting', count }, LIMIT_MS);
    client.end();
    progress(`waiting: ${whole(keys)} keys`);
    const heapPerKey = await measureKeys(fleet, { prefix: 'keys', count: keys });
    return {
      title: 'Waiting',
      intro:
        `${whole(count)} callers of one process wait for one key that it holds, on ${NODES} nodes. Then each of them gets ` +
        `it, and gives it back at once. Besides, ${whole(keys)} callers wait for a key each that another process holds.`,
      tables: [
        {
          rows: [
            ['', 'measured'],
            ['heap per waiter', `${whole(result.heapPerWaiter)} B`],
            ['locks/s until the last had it', whole(result.perSecond)],
            ['heap per key that is waited for', `${whole(heapPerKey)} B`],
          ],
        },
      ],
      figures: {
        'waiting.heap': result.heapPerWaiter,
        'waiting.heapPerKey': heapPerKey,
        'waiting.rate': result.perSecond,
      },
    };
  } finally {
    await fleet.stop();
  }
}

async function measureKeys(fleet, input) {
  const [holder, waiter] = await Promise.all([Client.start(us, fleet.urls), Client.start(us, fleet.urls)]);
  try {
    await holder.run('holdKeys', input, LIMIT_MS);
    return (await waiter.run('waitingForKeys', input, LIMIT_MS)).heapPerKey;
  } finally {
    for (const client of [holder, waiter]) client.end();
  }
}
