import { LockOptionsError } from '../../errors/lock-options.error';
import type { Clock } from '../../ports/clock.interface';
import type { LockNode, NodeHold, NodeMemory, ServerFacts } from '../../ports/lock-node.interface';
import type { NodeGuard } from '../../core/node-guard';
import { productsOf } from '../api/server-products';
import type { Refusals } from '../../core/refusals';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import type { NodeVote } from '../../errors/node-vote.interface';
import type { InspectOptions, LockInspection, NodeInspection } from '../api/lock-inspection.interface';
import { readOptions } from '../../errors/read-options';
import { laterTurn } from '../../core/later-turn';
import { judge } from './judge-inspection';

/** The nodes to ask, and the time that they get. */
export interface InspectionSetup {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The guard of the lock service that asks. Without it, nobody knows which nodes are guarded. */
  readonly guard?: NodeGuard;
  /** Returns the known facts of the servers behind a node. Without it, those of the guard are used. */
  serversOf?(node: LockNode): readonly ServerFacts[] | undefined;
  readonly refusals?: Refusals;
}

/** Asks every node who holds `resource`. A node that does not answer in time is reported with an error. */
export async function inspectNodes(
  setup: InspectionSetup,
  resource: string,
  options?: InspectOptions,
): Promise<LockInspection> {
  const { tryGrants, memory } = readInspectOptions(options);
  const { nodes, refusals } = setup;
  const told = await Promise.all(nodes.map((node) => inspectNode(node, setup, resource, memory)));
  await laterTurn(setup.clock);
  // By now, nodes that connected for the first time have done so.
  if (tryGrants) await refusals?.look(resource);
  const answers = told.map((answer, position) => ({
    ...answer,
    refusal: refusals?.errorFor(nodes[position] as LockNode),
  }));
  return { resource, ...judge(answers), nodes: answers };
}

/**
 * Tells if nobody else can get it now.
 *
 * @throws LockUnavailableError if too few nodes answered
 */
export function isTaken({ resource, state, nodes }: LockInspection): boolean {
  if (state !== 'unknown') return state !== 'free';
  const votes = nodes.map(({ node, error }): NodeVote => ({
    node,
    vote: error ? 'failed' : 'pending',
    error,
  }));
  throw new LockUnavailableError({ resources: [resource], waitedMs: 0, votes });
}

function readInspectOptions(given: InspectOptions | undefined): Required<InspectOptions> {
  if (given === undefined) return { tryGrants: false, memory: false };
  const { tryGrants = false, memory = false } = readOptions(given, ['tryGrants', 'memory'], {
    name: 'options',
    what: ' of tryGrants and memory',
    each: 'an option of inspect()',
  });
  for (const [name, value] of Object.entries({ tryGrants, memory })) {
    if (typeof value !== 'boolean') throw new LockOptionsError(name, 'must be true or false.');
  }
  return { tryGrants, memory } as Required<InspectOptions>;
}

function inspectNode(
  node: LockNode,
  setup: InspectionSetup,
  resource: string,
  withMemory: boolean,
): Promise<NodeInspection> {
  const { clock, timeoutMs, guard } = setup;
  return new Promise((resolve) => {
    const withinMs = `within ${Math.round(timeoutMs)} ms`;
    let isAsked = false;
    // The status is read at the end: the node may have connected or gone down while it was asked.
    const conclude = (answer: Partial<NodeInspection>) => {
      deadline.cancel();
      stopWaiting?.();
      const guarded = guardOf(node, guard, clock);
      const servers = productsOf(setup.serversOf?.(node) ?? guard?.serversOf(node));
      const known = servers === undefined ? {} : { servers };
      resolve({ node: node.name, status: node.status, ...known, guarded, ...answer });
    };
    // The holder is reported even if the node does not answer about its memory.
    let told: Partial<NodeInspection> | undefined;
    const deadline = clock.schedule(timeoutMs, () => {
      clock.afterArrivedReplies(() => {
        const missing = isAsked ? undefined : firstContact?.reasonNotAsked(node, withinMs);
        conclude(told ?? { error: new Error(missing ?? `no answer ${withinMs}`) });
      });
    });
    const ask = () => {
      isAsked = true;
      const asked = withMemory ? askMemory(node) : undefined;
      askToInspect(node, resource)
        .then((hold) => {
          told = hold;
          return asked;
        })
        .then(
          (memory) => {
            conclude({ ...told, ...memory });
          },
          (error: unknown) => {
            conclude({ error: error instanceof Error ? error : new Error(String(error)) });
          },
        );
    };
    const firstContact = guard?.firstContact;
    const stopWaiting = firstContact?.whenMet(node, ask);
    if (stopWaiting === undefined) ask();
  });
}

/** The reason why `node` must not grant now. */
export function guardOf(
  node: LockNode,
  guard: NodeGuard | undefined,
  clock: Clock,
): NodeInspection['guarded'] {
  const guarded = guard?.reasonFor(node);
  return guarded && { reason: guarded.reason, forMs: Math.max(0, guarded.untilMs - clock.now()) };
}

/**
 * Asks a node. A node that throws instead of rejecting, or that answers anything but a holder, cannot tell either.
 */
async function askToInspect(node: LockNode, resource: string): Promise<Partial<NodeInspection>> {
  const hold = (await node.inspect(resource)) as Partial<NodeHold> | null;
  if (hold === null) return {};
  const { ownerToken, ttlMs } = hold;
  if (typeof ownerToken !== 'string' || typeof ttlMs !== 'number') {
    throw new Error('the node told a holder in a form that is not known');
  }
  const { members, foreignType, waiting } = hold;
  const line = waiting === undefined ? {} : { waiting };
  if (foreignType !== undefined) return { ttlMs, foreignType, ...line };
  return members === undefined ? { ownerToken, ttlMs, ...line } : { ttlMs, holders: members, ...line };
}

/** The memory of the node. Empty if the node cannot tell. */
async function askMemory(node: LockNode): Promise<{ readonly memory?: NodeMemory }> {
  try {
    const memory = await node.memory?.();
    return memory ? { memory } : {};
  } catch {
    return {};
  }
}
