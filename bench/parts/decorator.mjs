import { Client } from '../lib/client.mjs';
import { times, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { median, medianOf } from '../lib/statistics.mjs';

const LIMIT_MS = 30_000;

/** Measures the cost that `@Locked` adds to `withLock`. */
export async function decorator({ quick }) {
  progress('decorator');
  const client = await Client.start(undefined, []);
  try {
    const turns = await client.run('decorated', { slices: quick ? 8 : 24 }, LIMIT_MS);
    const ratio = median(turns.map(({ locked, withLock }) => locked / withLock));
    return {
      title: 'Decorator',
      intro:
        'A method with `@Locked` and the same method called in `withLock`, on three memory nodes, one call after ' +
        'another, in turns of 100 ms.',
      tables: [
        {
          rows: [
            ['', 'ns per call'],
            ['withLock', whole(medianOf(turns, ({ withLock }) => withLock))],
            ['@Locked', whole(medianOf(turns, ({ locked }) => locked))],
            ['ratio (median of turns)', times(ratio)],
          ],
        },
      ],
      figures: { 'decorator.ratio': ratio },
    };
  } finally {
    client.end();
  }
}
