import { setTimeout as sleep } from 'node:timers/promises';
import { sharedNow } from '../client/shared-clock.mjs';
import { Client } from './client.mjs';

const START_MS = 50;
const WARM_MS = 2_000;
/**
 * The time for uncontended locks before the measurement. After it the code is compiled, and nobody still
 * polls.
 */
const WARM_UP_MS = 800;
const LIMIT_MS = 10_000;

let keys = 0;

/**
 * Makes several processes compete for one new key. Returns what happened within the measured time: `holds` in
 * the order in which they began (`process`, `asked`, `began`, `ended`), `stillWaiting` (the waiting times of
 * callers without the lock at the end), `commands` (processed by all nodes), `overlaps` and `mostAtOnce`; or
 * `{ failed }`.
 */
export function competeForOneKey(contender, fleet, { durationMs, retryMs, ...crowd }) {
  return compete(fleet, [{ contender, ...crowd }], { durationMs, retryMs });
}

/**
 * Like `competeForOneKey`, for several crowds with one key. Each crowd has `processes` with this many
 * `sessions` and `workers`. The holds also have the number of their `crowd`.
 */
export async function compete(fleet, crowds, { durationMs, retryMs }) {
  let clients = [];
  try {
    const members = crowds.flatMap((crowd, number) =>
      Array.from({ length: crowd.processes }, () => ({ ...crowd, number })),
    );
    clients = await Promise.all(
      members.map(({ contender, sessions }) => Client.start(contender, fleet.urls, { retryMs, sessions })),
    );
    const key = `crowd-${(keys += 1)}`;
    const warmUp = (client, process) =>
      client.run(
        'cycles',
        {
          prefix: `warm-${key}-${process}`,
          concurrency: members[process].workers,
          durationMs: WARM_UP_MS,
        },
        LIMIT_MS,
      );
    await Promise.all(clients.map(warmUp));
    const from = sharedNow() + START_MS + WARM_MS;
    const untilMs = from + durationMs;
    const limitMs = START_MS + WARM_MS + durationMs + LIMIT_MS;
    const running = Promise.all(
      clients.map((client, process) => {
        const { workers, holdMs, thinkMs } = members[process];
        return client.run('crowd', { key, workers, holdMs, thinkMs, untilMs }, limitMs);
      }),
    );
    // Both counts are read before the end, so they contain nothing of the end.
    const counting = countCommands(fleet, from, untilMs);
    const reports = await running;
    const failure = reports.find((report) => report.failure !== undefined)?.failure;
    if (failure !== undefined) return { failed: failure };
    return summarise(reports, members, { from, untilMs, ...(await counting) });
  } catch (error) {
    return { failed: error.message };
  } finally {
    for (const client of clients) client.end();
  }
}

async function countCommands(fleet, from, untilMs) {
  await sleep(from - sharedNow());
  const before = await fleet.commandsProcessed();
  const requestsBefore = await fleet.requestsAnswered();
  const countedFrom = sharedNow();
  await sleep(untilMs - countedFrom - 20);
  const after = await fleet.commandsProcessed();
  const requestsAfter = await fleet.requestsAnswered();
  const countedUntil = sharedNow();
  return {
    countedFrom,
    countedUntil,
    // Between the two answers, each node has processed two more `INFO`.
    commands: after - before - 2 * fleet.urls.length,
    requests: requestsAfter - requestsBefore,
  };
}

function summarise(reports, members, { from, untilMs, countedFrom, countedUntil, commands, requests }) {
  const all = reports
    .flatMap(({ holds }, process) =>
      triples(holds).map((hold) => ({ process, crowd: members[process].number, ...hold })),
    )
    .sort((a, b) => a.began - b.began);
  const within = ({ began }) => began >= from && began < untilMs;
  return {
    processes: reports.length,
    seconds: (untilMs - from) / 1_000,
    holds: all.filter(within),
    stillWaiting: reports.flatMap(({ stillWaitingSince }, process) =>
      [...stillWaitingSince].map((since) => ({ crowd: members[process].number, ms: untilMs - since })),
    ),
    commands,
    requests,
    countedHolds: all.filter(({ began }) => began >= countedFrom && began < countedUntil).length,
    overlaps: countOverlaps(all),
    mostAtOnce: mostAtOnce(all),
  };
}

/** Counts from outside how many permits were held at one moment. */
export function mostAtOnce(holds) {
  const changes = holds
    .flatMap(({ began, ended }) => [
      [began, 1],
      [ended, -1],
    ])
    // A hold that ends at the same moment at which another begins was over before it.
    .sort(([a, up], [b, down]) => a - b || up - down);
  let now = 0;
  let most = 0;
  for (const [, change] of changes) most = Math.max(most, (now += change));
  return most;
}

/** Counts overlaps from outside: a hold may begin only after all earlier ones have ended. */
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
