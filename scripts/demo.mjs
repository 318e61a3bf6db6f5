// `npm run demo`: 200 buyers and 50 items, with locks and without.
import { sellOut } from './lib/buyers.mjs';
import { prepare } from './lib/prepare.mjs';
import { Shop } from './lib/shop.mjs';
import { stopOnSignal } from './lib/stop-on-signal.mjs';
import { table } from './lib/table.mjs';

const ITEMS = 50;
const BUYERS = 200;

const shop = new Shop();
stopOnSignal(() => shop.stop());

try {
  await prepare();
  const { locks, data } = await shop.startBackends();
  const where = [
    locks.kind === 'memory'
      ? `lock nodes in memory, since ${locks.why}`
      : `${locks.nodes.length} Redis ${locks.nodes.length === 1 ? 'master' : 'masters'} for locks`,
    data.kind === 'memory' ? `data in memory, since ${data.why}` : 'data in PostgreSQL',
    locks.kind === 'memory' || data.kind === 'memory' ? 'so one process' : 'two processes',
  ].join('; ');
  console.log(`${BUYERS} buyers at once for ${ITEMS} items; ${where}.\n`);

  const locked = await measure('on');
  const unlocked = await measure('off');
  console.log(
    table([
      ['', 'sold', 'oversold', 'refused', 'failed', 'p50 ms', 'p99 ms'],
      row('with locks', locked),
      row('without locks', unlocked),
    ]),
  );
  judge(locked);
} catch (error) {
  if (!stopOnSignal.stopping) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
if (!stopOnSignal.stopping) {
  await shop.stop();
  process.exit();
}

/** Runs one sale, by processes that sell with or without locks. */
async function measure(locks) {
  const apps = await shop.startApps({ firstPort: 0, env: { LOCKS: locks }, onLine: console.error });
  const urls = apps.map(({ url }) => url);
  try {
    // This warms up connections, caches and compilers before the measured sale.
    await sellOut(urls, { items: 5, buyers: 20 });
    return await sellOut(urls, { items: ITEMS, buyers: BUYERS });
  } finally {
    await shop.stopApps();
  }
}

function row(name, { sold, oversold, refused, failed, p50, p99 }) {
  return [name, sold, oversold, refused, failed.length, p50.toFixed(0), p99.toFixed(0)];
}

/** Judges a sale by what a lock promises. Without a lock, anything may happen. */
function judge({ sold, oversold, failed }) {
  if (oversold === 0 && sold === ITEMS && failed.length === 0) {
    console.log(`\nWith locks, ${ITEMS} of ${ITEMS} were sold, and none twice.`);
    return;
  }
  console.error(
    `\nWRONG: with locks, ${sold} of ${ITEMS} were sold; failed: ${[...new Set(failed)].join(', ') || 'none'}.`,
  );
  process.exitCode = 1;
}
