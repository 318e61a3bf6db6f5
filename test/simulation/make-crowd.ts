import type { Call, Fault, Plan } from './plan';
import type { Random } from './random';

const PARTED_TTLS = [150, 300];
const PARTED_HOLDS_MS = [0, 1, 5];
/** Half of them is the least with which a lock is handed on at once. */
const BURST_TTLS = [200, 300, 400];
/** So that who goes on with what was deleted does so for longer than anybody may. */
const FORCED_TTLS = [60, 80, 120];
const FORCED_HOLDS_MS = [0, 1, 5, 20, 300];

interface Scene {
  readonly clientCount: number;
  readonly nodeCount: number;
  readonly lastsMs: number;
}

/**
 * A crowd that wants one resource and hands it on. Meanwhile an operator deletes its key, or clients lose the way to all
 * nodes: not both, since a key that is deleted where connections break as well is nobody's.
 */
export function makeCrowd(random: Random, scene: Scene): Pick<Plan, 'calls' | 'faults'> {
  const style = random.pick(['forced', 'parted'] as const);
  const make = random.chance(0.6) ? makeBursts : makeAll;
  const { calls, faults } = make(random, scene, style);
  return { calls, faults: faults.toSorted((a, b) => a.atMs - b.atMs) };
}

function makeAll(random: Random, scene: Scene, style: 'forced' | 'parted'): Pick<Plan, 'calls' | 'faults'> {
  const ttl = random.pick(style === 'forced' ? FORCED_TTLS : PARTED_TTLS);
  const calls = makeCalls(random, scene, ttl, style === 'forced' ? FORCED_HOLDS_MS : PARTED_HOLDS_MS);
  return { calls, faults: style === 'forced' ? makeForces(random, scene) : makePartings(random, scene, ttl) };
}

/** All want the same: most hold it for a moment, and some for longer than its ttl. */
function makeCalls(
  random: Random,
  { clientCount, lastsMs }: Scene,
  ttl: number,
  holdsMs: readonly number[],
): Call[] {
  const calls = Array.from({ length: random.whole(10, 40) }, (): Call => ({
    atMs: random.between(0, lastsMs / 2),
    client: random.whole(0, clientCount - 1),
    resources: ['a'],
    // Callers with one ttl would have one lease, and so one owner token.
    ttl: ttl + random.whole(0, 3),
    autoExtend: random.chance(0.95),
    style: random.chance(0.3) ? 'withLock' : 'acquire',
    wait: 2_000,
    holdMs: random.chance(0.3) ? ttl * 1.5 : random.pick(holdsMs),
    obeys: random.chance(0.5),
  }));
  return calls.sort((a, b) => a.atMs - b.atMs);
}

/** A client and all nodes do not hear each other for about as long as a lock lasts. */
function makePartings(random: Random, { clientCount, nodeCount, lastsMs }: Scene, ttl: number): Fault[] {
  const partings = Array.from({ length: random.whole(1, 6) }, () =>
    part(random.pick(['deaf', 'mute']), nodeCount, {
      atMs: random.between(0, lastsMs),
      client: random.whole(0, clientCount - 1),
      ms: ttl * random.between(0.3, 2),
    }),
  );
  return partings.flat();
}

/**
 * A few callers of one process come at the same moment, and others wait. The first of them hands it on when its process
 * does not reach the nodes, or when it was deleted, shortly before it would be extended; the next one has it for as long
 * as it can.
 */
function makeBursts(
  random: Random,
  { clientCount, nodeCount }: Scene,
  style: 'forced' | 'parted',
): Pick<Plan, 'calls' | 'faults'> {
  const isForced = style === 'forced';
  const ttl = random.pick(isForced ? FORCED_TTLS : BURST_TTLS);
  const call = (client: number, atMs: number, holdMs: number): Call => ({
    ...{ atMs, client, holdMs, resources: ['a'], ttl: ttl + random.whole(0, 3), autoExtend: true },
    ...{ style: 'acquire', wait: 2_000, obeys: false },
  });
  const bursts = Array.from({ length: random.whole(1, 3) }, (_, burst) => {
    const atMs = random.between(10, 60) + burst * 5 * ttl;
    const client = random.whole(0, clientCount - 1);
    const firstMs = isForced ? random.between(5, ttl / 2) : random.between(50, 95);
    const nextMs = ttl * (isForced ? 4 : 1.5);
    return {
      calls: [
        call(client, atMs, firstMs),
        ...repeat(random.whole(1, 3), () => call(client, atMs + random.between(0, 3), nextMs)),
        ...repeat(random.whole(1, 2), (other) =>
          call((client + 1 + other) % clientCount, atMs + random.between(5, 50), 5),
        ),
      ],
      faults: isForced
        ? [{ what: 'force' as const, atMs: atMs + random.between(0.3, 1.1) * firstMs, resource: 'a' }]
        : part(random.pick(['deaf', 'deaf', 'deaf', 'mute']), nodeCount, {
            atMs: atMs + random.between(10, 60),
            client,
            ms: ttl * random.between(0.8, 1.8),
          }),
    };
  });
  return {
    calls: bursts.flatMap(({ calls }) => calls).sort((a, b) => a.atMs - b.atMs),
    faults: bursts.flatMap(({ faults }) => faults),
  };
}

function repeat<T>(times: number, make: (index: number) => T): T[] {
  return Array.from({ length: times }, (_, index) => make(index));
}

function part(
  what: 'deaf' | 'mute',
  nodeCount: number,
  when: { readonly atMs: number; readonly client: number; readonly ms: number },
): Fault[] {
  return Array.from({ length: nodeCount }, (_, node) => ({ what, node, ...when }));
}

/** An operator deletes what the crowd wants, again and again. */
function makeForces(random: Random, { lastsMs }: Scene): Fault[] {
  return Array.from({ length: random.whole(2, 8) }, () => ({
    what: 'force',
    atMs: random.between(0, lastsMs),
    resource: 'a',
  }));
}
