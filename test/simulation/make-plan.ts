import { quorumOf } from '../../lib/core/quorum';
import { addCluster } from './add-cluster';
import { addDeployment } from './add-deployment';
import { addFencing } from './add-fencing';
import { addIdentity } from './add-identity';
import { addSetBack } from './add-set-back';
import { addSituation } from './add-situations';
import { addSharing, makeNumberedPermits } from './add-sharing';
import { makeCrowd } from './make-crowd';
import { makeQueue } from './make-queue';
import {
  type Call,
  type ClientPlan,
  type Fault,
  LONGEST_TTL_MS,
  type NodePlan,
  type Plan,
  type PlanKind,
} from './plan';
import { Random } from './random';
import { takeTurns } from './take-turns';

/** Rates of clocks: any two differ by less than the 1 % that the library allows for. */
const MOST_DRIFT = 0.0045;

const TTLS = [60, 80, 120, 200, 400, 1_000, 3_000];
const WAITS = [0, 20, 150, 600, 2_000, null];
const RESOURCES = ['a', 'b', 'c'];
/** The first is in all histories. */
const OPENED = ['a', 'a', ...RESOURCES];

const KINDS: readonly PlanKind[] = [
  ...['calm', 'calm', 'slow', 'slow', 'slow', 'rough', 'rough', 'rough', 'asleep', 'asleep', 'forced'],
  ...[
    'handed',
    'numbered',
    'twice',
    'wiped',
    'wiped',
    'wiped',
    'skewed',
    'astray',
    'jumping',
    'jumping',
    'unseen',
  ],
] as PlanKind[];

/** Kinds with readers, permits and callers in line. */
const SHARED_KINDS: readonly PlanKind[] = [
  'shared',
  'opened',
  'deployed',
  'renumbered',
  'queued',
  'clustered',
];
const EXTRA_KINDS: readonly PlanKind[] = [
  'committed',
  'passed',
  'left',
  'full',
  'turns',
  ...SHARED_KINDS,
  ...SHARED_KINDS,
];

/** The kind of a history in a search for faults. Every third one is of a kind that no seed picks by itself. */
export function kindToTry(seed: number): PlanKind | undefined {
  return seed % 3 === 0 ? EXTRA_KINDS[(seed / 3) % EXTRA_KINDS.length] : undefined;
}

/** Where a jump of the clock must show within moments. */
const SMALL_DRIFT = 0.0001;
/** So that clocks which are too fast from the beginning, or that jump for a while, have been noticed. */
const NOTICED_AFTER_MS = 750;

/** A random history. Everything in it follows from the seed, and from the kind if that is given. */
export function makePlan(seed: number, kindWanted?: PlanKind): Plan {
  const random = new Random(seed);
  // Picked in any case, so that a seed is the same history when its kind is said.
  const picked = random.pick(KINDS);
  const kind = kindWanted ?? picked;
  const nodeCount = Math.max(random.pick([1, 2, 3, 3, 3, 3, 3, 4, 5, 5]), fewestNodes(kind));
  const clientCount = random.pick([1, 2, 2, 3, 3, 4]);
  // Where it matters what is numbered after a guard is over.
  const lastsMs =
    random.pick([300, 600, 1_200, 2_400]) + (kind === 'astray' || kind === 'renumbered' ? LONGEST_TTL_MS : 0);
  const isDrifting = random.chance(0.7);
  const mostDrift = ['skewed', 'jumping', 'unseen'].includes(kind) ? SMALL_DRIFT : MOST_DRIFT;
  const drift = () => (isDrifting ? random.between(-mostDrift, mostDrift) : 0);
  const nodes = Array.from({ length: nodeCount }, (): NodePlan => ({ drift: drift() }));
  const clients = Array.from({ length: clientCount }, () => makeClient(random, nodeCount, drift(), kind));
  if (kind === 'queued') return makeQueue(seed, nodes, new Random(seed, 8), new Random(seed, 9));
  const scene = { kind, clientCount, nodeCount, lastsMs };
  const { calls, faults } = kind === 'handed' ? makeCrowd(random, scene) : makeUsual(random, scene);
  const plan: Plan = {
    ...{ seed, kind, nodes, clients, calls, faults },
    healAtMs: Math.max(lastsMs, ...faults.map((fault) => fault.atMs + ('ms' in fault ? (fault.ms ?? 0) : 0))),
  };
  const asked = addSetBack(plan, new Random(seed, 5));
  const identified = addIdentity(addFencing(asked, new Random(seed, 2)), new Random(seed, 3));
  const whole = addSituation(identified, new Random(seed, 10));
  if (kind === 'committed') return addCommits(whole, new Random(seed, 4));
  if (kind === 'shared' || kind === 'opened') return addSharing(whole, new Random(seed, 7));
  if (kind === 'clustered') return addCluster(whole, new Random(seed, 7));
  if (kind === 'deployed') return addDeployment(whole, new Random(seed, 7));
  if (kind === 'renumbered') return makeNumberedPermits(whole, new Random(seed, 7));
  return kind === 'passed' || kind === 'left' ? addPassing(whole, new Random(seed, 6)) : whole;
}

function makeUsual(random: Random, scene: Scene): Pick<Plan, 'calls' | 'faults'> {
  const { kind, clientCount, lastsMs } = scene;
  const make = kind === 'turns' ? takeTurns : makeCalls;
  const calls = make(random, clientCount, lastsMs, kind);
  return { calls, faults: makeFaults(random, scene) };
}

function addPassing(plan: Plan, random: Random): Plan {
  const calls = plan.calls.map((call) =>
    random.chance(0.7)
      ? {
          ...call,
          style: 'acquire' as const,
          passMs: call.ttl * random.pick([0, 0.3, 0.8, 0.97, 1, 1.01, 1.5]),
        }
      : call,
  );
  return { ...plan, calls };
}

function addCommits(plan: Plan, random: Random): Plan {
  const calls = plan.calls.map((call) =>
    random.chance(0.8) ? { ...call, commitMs: random.pick([0, 1, 20, 150, call.ttl * 1.5]) } : call,
  );
  return { ...plan, calls };
}

function fewestNodes(kind: PlanKind): number {
  return ['twice', 'skewed', 'astray', 'rebooted'].includes(kind) ? 3 : 1;
}

/** Kinds in which a pause would be a fault of another kind, or hide a jump. */
const UNPAUSED: readonly PlanKind[] = [
  'calm',
  'forced',
  'opened',
  'queued',
  'skewed',
  'astray',
  'jumping',
  'unseen',
];

function makeClient(random: Random, nodeCount: number, drift: number, kind: PlanKind): ClientPlan {
  const isFarAway = random.chance(0.15);
  return {
    drift,
    timerLagMs: random.pick([0, 1.2]),
    links: Array.from({ length: nodeCount }, () => ({
      baseMs: isFarAway || random.chance(0.1) ? random.between(5, 20) : random.between(0.1, 1),
      jitterMs: random.pick([0, 0.5, 3]),
    })),
    pauseChance: UNPAUSED.includes(kind) || random.chance(0.6) ? 0 : 0.02,
    pauseMs: random.pick([20, 150, 500]),
  };
}

function makeCalls(random: Random, clientCount: number, lastsMs: number, kind: PlanKind): Call[] {
  const resources = RESOURCES.slice(0, random.pick([1, 1, 2, 3]));
  const isCrowded = random.chance(0.3);
  const count = random.whole(2, isCrowded ? 24 : 12);
  const withinMs = isCrowded ? lastsMs / 4 : lastsMs;
  const fromMs = kind === 'skewed' ? NOTICED_AFTER_MS : 0;
  const calls = Array.from({ length: count }, () =>
    makeCall(random, fromMs + random.between(0, withinMs), random.whole(0, clientCount - 1), resources, kind),
  );
  return calls.sort((a, b) => a.atMs - b.atMs);
}

function makeCall(
  random: Random,
  atMs: number,
  client: number,
  all: readonly string[],
  kind: PlanKind,
): Call {
  const ttl = random.pick(TTLS);
  const autoExtend = random.chance(0.6);
  const resources =
    all.length > 1 && random.chance(0.2) ? all.slice(0, random.whole(2, all.length)) : [random.pick(all)];
  const holdMs = random.pick([0, 5, 40, 300, ttl * 0.9, ttl * random.between(0.93, 0.99), ttl * 1.2]);
  const maxHold = random.chance(0.1) ? random.pick([40, 150, 700]) : undefined;
  const mayKeep = Math.min(maxHold ?? Infinity, autoExtend ? 1_000 : ttl);
  return {
    ...{ atMs, client, resources, ttl, autoExtend, maxHold },
    style: random.chance(0.3) ? 'withLock' : 'acquire',
    wait: random.pick(WAITS),
    holdMs: Math.min(holdMs, 1_200),
    obeys: random.chance(0.5),
    holdAtLeast:
      kind !== 'forced' && kind !== 'numbered' && kind !== 'opened' && random.chance(0.06)
        ? Math.floor(random.between(1, mayKeep))
        : undefined,
    abortAfterMs: random.chance(0.1) ? random.between(0, 200) : undefined,
    extensions: random.chance(0.2)
      ? Array.from({ length: random.whole(1, 3) }, () => ({
          afterMs: random.chance(0.4) ? holdMs : random.between(0, ttl),
          ttl: random.chance(0.5) ? ttl : random.pick(TTLS),
        }))
      : undefined,
  };
}

interface Scene {
  readonly kind: PlanKind;
  readonly clientCount: number;
  readonly nodeCount: number;
  readonly lastsMs: number;
}

function makeFaults(random: Random, scene: Scene): Fault[] {
  const { kind } = scene;
  if (kind === 'calm') return random.chance(0.15) ? [makeClose(random, scene)] : [];
  // A key that is deleted where connections break as well is nobody's, and nothing is promised of it.
  const isForced = kind === 'turns' && random.chance(0.3);
  const makers = isForced ? [force] : MAKERS[kind].filter(() => random.chance(0.6));
  if (makers.length === 0) return [];
  const faults = Array.from({ length: random.whole(1, 10) }, () => random.pick(makers)(random, scene));
  if (kind === 'numbered')
    faults.push(...faults.map((fault) => ({ ...fault, atMs: fault.atMs + random.between(1, 30) })));
  if (random.chance(0.1)) faults.push(makeClose(random, scene));
  return faults.sort((a, b) => a.atMs - b.atMs);
}

type Maker = (random: Random, scene: Scene) => Fault;

const place = (random: Random, { lastsMs, clientCount, nodeCount }: Scene) => ({
  atMs: random.between(0, lastsMs),
  client: random.whole(0, clientCount - 1),
  node: random.whole(0, nodeCount - 1),
});

const blocked = (random: Random) => random.pick([10, 60, 100, 250, 700]) * random.between(0.5, 1.5);
const outage = (random: Random) => random.pick([5, 30, 60, 150, 500]) * random.between(0.5, 1.5);

const client =
  (what: 'stall' | 'suspend'): Maker =>
  (random, scene) => {
    const { atMs, client } = place(random, scene);
    return { what, atMs, client, ms: blocked(random) };
  };
const node =
  (what: 'pause' | 'fill' | 'restart' | 'wipe'): Maker =>
  (random, scene) => {
    const { atMs, node } = place(random, scene);
    return { what, atMs, node, ms: outage(random) };
  };
const link =
  (what: 'deaf' | 'mute' | 'overload'): Maker =>
  (random, scene) => ({
    what,
    ...place(random, scene),
    ms: outage(random),
  });
const slow: Maker = (random, scene) => ({
  what: 'slow',
  ...place(random, scene),
  ms: outage(random),
  byMs: random.pick([2, 10, 30, 60]),
});
const cut: Maker = (random, scene) => ({
  what: 'cut',
  ...place(random, scene),
  ms: outage(random),
  lateMs: random.pick([null, 0, 20, 100, 400]),
});
const setWall: Maker = (random, scene) => {
  const { atMs, client } = place(random, scene);
  return { what: 'set-wall', atMs, client, ms: random.pick([-5_000, -200, 100, 400, 5_000]) };
};
const crash: Maker = (random, scene) => {
  const { atMs, client } = place(random, scene);
  return { what: 'crash', atMs, client };
};
const force: Maker = (random, scene) => ({
  what: 'force',
  atMs: random.between(0, scene.lastsMs),
  resource: random.pick(RESOURCES),
});
/** By hand, or through the library; and then also what one holder has, and nobody else. */
const open: Maker = (random, scene) => {
  const forced = {
    what: 'force' as const,
    atMs: random.between(0, scene.lastsMs),
    resource: random.pick(OPENED),
  };
  const how = random.pick(['by hand', 'all', 'one', 'one', 'one']);
  if (how === 'by hand') return forced;
  const through = random.whole(0, scene.clientCount - 1);
  return how === 'all' ? { ...forced, through } : { ...forced, through, whose: random.fraction() };
};
const jump: Maker = (random, scene) => {
  const { atMs, node } = place(random, scene);
  const byMs = random.pick([100, 500, 5_000]);
  if (byMs === 100) return { what: 'jump', atMs, node, byMs };
  // A lone node is right for whoever asks it; else the clocks of a majority are right, and the others are set right.
  if (scene.nodeCount === 1) return { what: 'jump', atMs, node, byMs };
  const minority = scene.nodeCount - quorumOf(scene.nodeCount);
  return minority === 0
    ? { what: 'jump', atMs, node, byMs: 100 }
    : { what: 'jump', atMs, node: node % minority, byMs, ms: NOTICED_AFTER_MS + outage(random) };
};
const makeClose: Maker = (random, scene) => {
  const { atMs, client } = place(random, scene);
  return { what: 'close', atMs, client, timeoutMs: random.pick([0, 50, 400]) };
};

const SLOW: readonly Maker[] = [client('stall'), node('pause'), slow, link('overload')];
const ROUGH: readonly Maker[] = [...SLOW, link('deaf'), link('mute'), cut, cut, crash, node('restart')];
const MAKERS: Record<PlanKind, readonly Maker[]> = {
  calm: [],
  handed: [],
  queued: [],
  slow: [...SLOW, setWall],
  rough: [...ROUGH, setWall],
  // A wall clock that is set back comes with `addSetBack`, long enough before the machine sleeps to be noticed.
  asleep: [...ROUGH, client('suspend'), client('suspend')],
  forced: [force],
  numbered: [force],
  twice: [...SLOW, cut, cut, link('mute')],
  wiped: [...ROUGH, node('wipe'), node('wipe')],
  shared: [...ROUGH, node('wipe')],
  opened: [open],
  deployed: ROUGH,
  clustered: [...ROUGH, node('pause'), node('restart'), node('wipe'), node('wipe')],
  renumbered: [...ROUGH, node('wipe'), node('wipe'), node('wipe')],
  committed: ROUGH,
  passed: ROUGH,
  left: SLOW,
  full: [...SLOW, node('fill'), node('fill'), node('fill')],
  turns: ROUGH,
  forgetful: [...ROUGH, node('wipe'), node('wipe')],
  rebooted: [crash],
  skewed: [cut],
  astray: [node('wipe'), node('wipe'), cut],
  jumping: [jump, jump, cut, node('restart')],
  unseen: [jump, jump, cut, node('restart')],
};
