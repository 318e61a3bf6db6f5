import { Client } from '../lib/client.mjs';
import { us } from '../lib/contenders.mjs';
import { Fleet } from '../lib/fleet.mjs';
import { decimals, times, whole } from '../lib/format.mjs';
import { progress } from '../lib/progress.mjs';
import { median, medianOf } from '../lib/statistics.mjs';

const NODES = 3;
const COUNT = 20_000;
const LIMIT_MS = 120_000;

/**
 * Measures many callers of one process that want one key. With `BENCH_BEFORE`, the folder of another build,
 * that build is measured in the same rounds.
 */
export async function hotKey({ quick }) {
  const count = quick ? 4_000 : COUNT;
  const fleet = await Fleet.start(NODES);
  const before = process.env.BENCH_BEFORE;
  try {
    const rounds = [];
    for (let round = 0; round < (quick ? 3 : 5); round += 1) {
      progress(`hot-key: ${whole(count)} callers, round ${round + 1}`);
      const measured = { now: await measure(fleet, count) };
      if (before !== undefined) measured.before = await measure(fleet, count, before);
      rounds.push({ ...measured, commands: measured.now.commands });
    }
    const perSecond = medianOf(rounds, ({ now }) => now.perSecond);
    const rows = [
      ['', 'measured'],
      ['locks/s', whole(perSecond)],
      [
        'client CPU per lock',
        `${decimals(
          medianOf(rounds, ({ now }) => now.cpuMicros),
          1,
        )} µs`,
      ],
      ['Redis commands per lock, all nodes together', decimals(medianOf(rounds, ({ commands }) => commands))],
    ];
    if (before !== undefined)
      rows.push([
        'locks/s against the build before',
        times(median(rounds.map((one) => one.now.perSecond / one.before.perSecond))),
      ]);
    return {
      title: 'Hot key',
      intro:
        `${whole(count)} callers of one process want one key at the same moment, on ${NODES} nodes. Each gives it back at ` +
        'once. Each round has a process of its own.',
      tables: [{ rows }],
      figures: { 'hotKey.rate': perSecond },
    };
  } finally {
    await fleet.stop();
  }
}

async function measure(fleet, count, dist) {
  const contender = { ...us, lock: { maxWaiting: count } };
  const client = await Client.start(contender, fleet.urls, { dist });
  try {
    // This gives it the same time for compiling as the others.
    await client.run('hotKey', { prefix: 'warm', count }, LIMIT_MS);
    const commands = await fleet.commandsProcessed();
    const result = await client.run('hotKey', { prefix: 'hot', count }, LIMIT_MS);
    return { ...result, commands: ((await fleet.commandsProcessed()) - commands) / count };
  } finally {
    client.end();
  }
}
