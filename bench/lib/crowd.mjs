import { setTimeout as sleep } from 'node:timers/promises';
import { sharedNow } from '../client/shared-clock.mjs';
import { Client } from './client.mjs';

const START_MS = 50;
const WARM_MS = 2_000;
/** Of locks that nobody else wants: what counts is compiled code, and nobody still polls afterwards. */
const WARM_UP_MS = 800;
const LIMIT_MS = 10_000;

let keys = 0;

/**
 * Several processes compete for one new key. Returns what happened within the measured time: `holds` in the order in
 * which they began (`process`, `asked`, `began`, `ended`), `stillWaiting` (how long those waited who have not got it
 * at the end), `commands` (processed by all nodes) and `overlaps`; or `{ failed }`.
 */
export async function competeForOneKey(
  contender,
  fleet,
  { processes, workers, holdMs, durationMs, retryMs },
) {
  let clients = [];
  try {
    clients = await Promise.all(
      Array.from({ length: processes }, () => Client.start(contender, fleet.urls, { retryMs })),
    );
    const key = `crowd-${(keys += 1)}`;
    const warmUp = (client, process) =>
      client.run(
        'cycles',
        { prefix: `warm-${key}-${process}`, concurrency: workers, durationMs: WARM_UP_MS },
        LIMIT_MS,
      );
    await Promise.all(clients.map(warmUp));
    const from = sharedNow() + START_MS + WARM_MS;
    const untilMs = from + durationMs;
    const input = { key, workers, holdMs, untilMs };
    const limitMs = START_MS + WARM_MS + durationMs + LIMIT_MS;
    const running = Promise.all(clients.map((client) => client.run('crowd', input, limitMs)));
    // Both counts come before the end, so nothing of the end is in them.
    const counting = countCommands(fleet, from, untilMs);
    const reports = await running;
    const failure = reports.find((report) => report.failure !== undefined)?.failure;
    if (failure !== undefined) return { failed: failure };
    return summarise(reports, { from, untilMs, ...(await counting) });
  } catch (error) {
    return { failed: error.message };
  } finally {
    for (const client of clients) client.end();
  }
}

async function countCommands(fleet, from, untilMs) {
  await sleep(from - sharedNow());
  const before = await fleet.commandsProcessed();
  const countedFrom = sharedNow();
  await sleep(untilMs - countedFrom - 20);
  const after = await fleet.commandsProcessed();
  const countedUntil = sharedNow();
  // Each node has processed one more `INFO` between the two answers.
  return { countedFrom, countedUntil, commands: after - before - fleet.urls.length };
}

function summarise(reports, { from, untilMs, countedFrom, countedUntil, commands }) {
  const all = reports
    .flatMap(({ holds }, process) => triples(holds).map((hold) => ({ process, ...hold })))
    .sort((a, b) => a.began - b.began);
  const within = ({ began }) => began >= from && began < untilMs;
  return {
    processes: reports.length,
    seconds: (untilMs - from) / 1_000,
    holds: all.filter(within),
    stillWaiting: reports.flatMap(({ stillWaitingSince }) =>
      [...stillWaitingSince].map((since) => untilMs - since),
    ),
    commands,
    countedHolds: all.filter(({ began }) => began >= countedFrom && began < countedUntil).length,
    overlaps: countOverlaps(all),
  };
}

/** The outside check: nobody may have begun before everyone before had ended. */
function countOverlaps(holds) {
  let latestEnd = -Infinity;
  let overlaps = 0;
  for (const { began, ended } of holds) {
    if (began < latestEnd) overlaps += 1;
    latestEnd = Math.max(latestEnd, ended);
  }
  return overlaps;
}

function triples(numbers) {
  return Array.from({ length: numbers.length / 3 }, (_, index) => ({
    asked: numbers[3 * index],
    began: numbers[3 * index + 1],
    ended: numbers[3 * index + 2],
  }));
}
