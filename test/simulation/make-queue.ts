import type { Call, ClientPlan, NodePlan, Plan } from './plan';
import type { Random } from './random';

const STYLES = ['fair', 'fair', 'readers and writers', 'permits', 'limits'] as const;

/** So many calls in so many milliseconds, more than can be served as they come. */
const MOST_CALLS = 80;
const LASTS_MS = 500;

const PROCESSES = [3, 4, 5, 6];

/** A crowd that wants one resource, over a network that is fast and loses nothing. */
export function makeQueue(seed: number, nodes: readonly NodePlan[], random: Random, passing: Random): Plan {
  const style = random.pick(STYLES);
  const limit = random.whole(2, 4);
  // Then those in line are told of nothing for longer than their places last.
  const isSlow = random.chance(0.3);
  const slower = isSlow ? 8 : 1;
  const count = random.whole(20, isSlow ? MOST_CALLS / 2 : MOST_CALLS);
  const timerLagMs = random.pick([0, 1.2]);
  const clients = Array.from({ length: random.pick(PROCESSES) }, (): ClientPlan => ({
    ...QUIET,
    timerLagMs,
    links: nodes.map(() => NEAR),
  }));
  const calls = Array.from({ length: count }, (): Call => ({
    atMs: random.between(0, LASTS_MS * slower),
    client: random.whole(0, clients.length - 1),
    style: random.chance(0.3) ? 'withLock' : 'acquire',
    resources: ['a'],
    ttl: 400,
    // Some give up, and leave the line.
    wait: random.chance(0.15) ? random.pick([20, 60, 150]) : null,
    autoExtend: true,
    obeys: false,
    holdMs: slower * random.pick([1, 5, 10, 20, 30]),
    ...held(style, random, limit, slower),
  }));
  if (style === 'fair' && passing.chance(0.5)) {
    clients.push({ ...QUIET, timerLagMs, links: nodes.map(() => NEAR) });
    calls.push(...passersBy(passing, clients.length - 1, LASTS_MS * slower));
  }
  return {
    ...{ seed, kind: 'queued' as const, faults: [], healAtMs: LASTS_MS * slower, restartGuard: false },
    nodes: nodes.map(() => ({ drift: 0 })),
    clients,
    calls: calls.sort((a, b) => a.atMs - b.atMs),
  };
}

const QUIET = { drift: 0, pauseChance: 0, pauseMs: 0 } as const;

/** A process whose callers look at no line, ask once, and take what is free. */
function passersBy(random: Random, client: number, lastsMs: number): Call[] {
  return Array.from({ length: random.whole(10, 40) }, () => ({
    atMs: random.between(0, lastsMs),
    ...{ client, style: 'acquire' as const, resources: ['a'], ttl: 400, wait: 0 },
    ...{ autoExtend: true, obeys: false, holdMs: 1 },
  }));
}

/** Whoever is further away than others hears later that its turn has come: that is no question of order. */
const NEAR = { baseMs: 0.4, jitterMs: 0.5 };

function held(style: (typeof STYLES)[number], random: Random, limit: number, slower: number): Partial<Call> {
  switch (style) {
    case 'fair':
      return { fair: true };
    case 'readers and writers':
      return random.chance(0.2) ? { fair: random.chance(0.5) } : { shared: ['a'] };
    case 'permits':
      // Who does not extend by itself begins only when the nodes have answered, also where a permit is handed on.
      return { limit, permits: random.pick([1, 1, 1, limit]), autoExtend: random.chance(0.5) };
    case 'limits':
      // Never are all of them free, unless those with more of them wait.
      return {
        fair: true,
        limit: random.chance(0.1) ? 1 : 4,
        permits: 1,
        holdMs: slower * random.pick([20, 30, 40]),
      };
  }
}
