import type { Random } from '../simulation/random';
import type { ChaoticNode } from './chaotic-node';
import type { ClientProcess } from './client-process';
import type { Court } from './court';
import { quorumOf } from '../../lib/core/quorum';
import { CLOCK_JUMP, type FaultKind, NODE_FAULTS, type NodeFault, type NodeFaultKind } from './node-faults';
import { pause } from './pause';
import { monotonicMs } from './report';
import { MAX_TTL_MS } from './settings';

export interface StormSetup {
  readonly nodes: readonly ChaoticNode[];
  readonly clients: readonly ClientProcess[];
  readonly kinds: readonly FaultKind[];
  readonly randoms: { readonly nodes: readonly Random[]; readonly clients: Random; readonly clocks: Random };
  readonly court: Pick<Court, 'isHolding' | 'onFault' | 'onHealed' | 'onDeath'>;
  /** All is over; what was begun is healed at once. */
  readonly end: AbortSignal;
}

const LONGEST_PAUSE_BETWEEN_MS = 700;
const LATEST_JUMP_MS = 2_000;
/** Past every ttl, so that all keys of the node expire at once. */
const CLOCK_JUMP_MS = 12_000;
const LONGEST_LOOK_FOR_HOLDERS_MS = 300;

/**
 * Until `untilMs` each node has one fault after another, whatever happens to the others meanwhile, and clients are
 * stopped and killed while they hold something. Returns when everything is healed.
 */
export async function storm(setup: StormSetup, untilMs: number): Promise<void> {
  const newcomersFromMs = jumpSoon(setup);
  await Promise.all([
    ...setup.nodes.map((node, position) => troubleNode(setup, node, position, untilMs)),
    troubleClients(setup, untilMs, newcomersFromMs),
  ]);
}

/**
 * In some storms the clock of one node jumps, soon after the calm. A process notices when it has seen that clock
 * before; one that is new cannot know, so none may start until the locks of before the jump are over. The clocks of a
 * majority stay right, and nobody sets the others right.
 *
 * @returns when new processes may start
 */
function jumpSoon({ kinds, nodes, randoms, court, end }: StormSetup): number {
  if (!kinds.includes(CLOCK_JUMP) || randoms.clocks.chance(0.3)) return 0;
  const node = randoms.clocks.pick(nodes.slice(quorumOf(nodes.length)));
  const afterMs = randoms.clocks.whole(0, LATEST_JUMP_MS);
  void pause(afterMs, end).then(() => {
    if (end.aborted) return;
    court.onFault(CLOCK_JUMP, node.name);
    node.clock?.jump(CLOCK_JUMP_MS);
  });
  return monotonicMs() + afterMs + MAX_TTL_MS;
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
    if (kind === undefined) return;
    const fault: NodeFault = NODE_FAULTS[kind];
    const lastsMs = random.whole(...fault.lastsMs);
    setup.court.onFault(kind, node.name);
    await fault.begin(node, random);
    await pause(Math.min(lastsMs, Math.max(0, untilMs - monotonicMs())), setup.end);
    await fault.heal(node);
    if (lastsMs > 0) setup.court.onHealed(kind, node.name);
  }
}

async function troubleClients(setup: StormSetup, untilMs: number, newcomersFromMs: number): Promise<void> {
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
      await pause(Math.max(0, newcomersFromMs - monotonicMs()), setup.end);
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

function pickKind(kinds: readonly FaultKind[], random: Random): NodeFaultKind | undefined {
  const possible = kinds.filter((kind) => kind !== CLOCK_JUMP);
  const weights = possible.map((kind) => NODE_FAULTS[kind].weight);
  let rest = random.fraction() * weights.reduce((sum, weight) => sum + weight, 0);
  return possible.find((_, position) => (rest -= weights[position] ?? 0) < 0);
}
