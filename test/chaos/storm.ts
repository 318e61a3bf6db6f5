import type { Random } from '../simulation/random';
import type { ChaoticNode } from './chaotic-node';
import type { ClientProcess } from './client-process';
import type { Court } from './court';
import { NODE_FAULTS, type NodeFault, type NodeFaultKind } from './node-faults';
import { pause } from './pause';
import { monotonicMs } from './report';

export interface StormSetup {
  readonly nodes: readonly ChaoticNode[];
  readonly clients: readonly ClientProcess[];
  readonly kinds: readonly NodeFaultKind[];
  readonly randoms: { readonly nodes: readonly Random[]; readonly clients: Random };
  readonly court: Pick<Court, 'isHolding' | 'onFault' | 'onHealed' | 'onDeath'>;
  /** All is over; what was begun is healed at once. */
  readonly end: AbortSignal;
}

const LONGEST_PAUSE_BETWEEN_MS = 700;
const LONGEST_LOOK_FOR_HOLDERS_MS = 300;

/**
 * Until `untilMs` each node has one fault after another, whatever happens to the others meanwhile, and clients are
 * stopped and killed while they hold something. Returns when everything is healed.
 */
export async function storm(setup: StormSetup, untilMs: number): Promise<void> {
  await Promise.all([
    ...setup.nodes.map((node, position) => troubleNode(setup, node, position, untilMs)),
    troubleClients(setup, untilMs),
  ]);
}

async function troubleNode(
  setup: StormSetup,
  node: ChaoticNode,
  position: number,
  untilMs: number,
): Promise<void> {
  const random = setup.randoms.nodes[position];
  if (random === undefined) return;
  for (;;) {
    await pause(random.whole(0, LONGEST_PAUSE_BETWEEN_MS), setup.end);
    if (setup.end.aborted || monotonicMs() > untilMs) return;
    const kind = pickKind(setup.kinds, random);
    const fault: NodeFault = NODE_FAULTS[kind];
    const lastsMs = random.whole(...fault.lastsMs);
    setup.court.onFault(kind, node.name);
    await fault.begin(node, random);
    await pause(Math.min(lastsMs, Math.max(0, untilMs - monotonicMs())), setup.end);
    await fault.heal(node);
    if (lastsMs > 0) setup.court.onHealed(kind, node.name);
  }
}

async function troubleClients(setup: StormSetup, untilMs: number): Promise<void> {
  const random = setup.randoms.clients;
  for (;;) {
    await pause(random.whole(100, 1_200), setup.end);
    if (setup.end.aborted || monotonicMs() > untilMs) return;
    const holders = await findHolders(setup);
    const client = random.pick(holders.length > 0 ? holders : setup.clients);
    const when = holders.length > 0 ? 'while holding' : 'while waiting';
    if (random.chance(0.6)) {
      setup.court.onFault(`stopped ${when}`, client.name);
      client.pause();
      await pause(random.whole(200, 3_000), setup.end);
      client.resume();
      setup.court.onHealed(`stopped ${when}`, client.name);
    } else {
      setup.court.onFault(`killed ${when}`, client.name);
      await client.kill();
      setup.court.onDeath(client.name);
      client.start();
    }
  }
}

/** Looks for clients that hold something, and not for long: what comes is taken then. */
async function findHolders({ clients, court, end }: StormSetup): Promise<ClientProcess[]> {
  const untilMs = monotonicMs() + LONGEST_LOOK_FOR_HOLDERS_MS;
  for (;;) {
    const holders = clients.filter(({ name }) => court.isHolding(name));
    if (holders.length > 0 || end.aborted || monotonicMs() > untilMs) return holders;
    await pause(2, end);
  }
}

function pickKind(kinds: readonly NodeFaultKind[], random: Random): NodeFaultKind {
  const weights = kinds.map((kind) => NODE_FAULTS[kind].weight);
  let rest = random.fraction() * weights.reduce((sum, weight) => sum + weight, 0);
  const chosen = kinds.find((_, position) => (rest -= weights[position] ?? 0) < 0);
  return chosen ?? random.pick(kinds);
}
