import { type Hearer, ListenerMap } from '../../lib/collections/listener-map';
import type { MemoryCounters } from '../../lib/memory/memory-counters';
import type { MemoryMembers } from '../../lib/memory/memory-members';
import type { MemoryOwners } from '../../lib/memory/memory-owners';
import type { Rules } from './rules';
import type { SimulatedNode } from './simulated-node';

/** Private parts of a node in memory, as they are moved. */
interface Store {
  readonly state: {
    readonly owners: MemoryOwners;
    readonly members: MemoryMembers;
    readonly line: { readonly lines: Map<string, unknown> };
    readonly counters: Pick<MemoryCounters, 'raise'> & { find(resource: string): number };
  };
  readonly releaseListeners: Listeners;
  readonly turnListeners: Listeners;
}
type Listeners = Pick<ListenerMap<unknown>, 'keys' | 'add' | 'remove'> & {
  readonly listeners: Map<string, Hearer<unknown> | Set<Hearer<unknown>>>;
};

/** As long as counters are kept in histories. */
const COUNTER_MS = 60_000;

/**
 * Moves all that a master knows of a resource to another master, as a cluster does that is balanced anew: a key arrives with
 * the time that it has left. Requests that are under way to the old master are sent on, and may come after later ones.
 * Messages of a cluster reach all of its servers, so those who listen go on to hear.
 */
export function moveSlot(resource: string, from: SimulatedNode, to: SimulatedNode, rules: Rules): void {
  const [old, next] = [storeOf(from), storeOf(to)];
  const aheadMs = to.nowMs - from.nowMs;
  const owner = old.state.owners.find(resource, from.nowMs);
  old.state.owners.remove(resource);
  if (owner !== undefined) next.state.owners.put(resource, owner.ownerToken, owner.expiresAtMs + aheadMs);
  for (const member of old.state.members.of(resource, from.nowMs)) {
    old.state.members.remove(resource, member);
    const expiresAtMs = rules.movedEndMs(member.expiresAtMs, aheadMs);
    next.state.members.put(resource, { ...member, expiresAtMs });
  }
  // The entries of a line end by the clock of the old master, until they are refreshed: they are advice.
  const line = old.state.line.lines.get(resource);
  old.state.line.lines.delete(resource);
  if (line !== undefined) next.state.line.lines.set(resource, line);
  next.state.counters.raise([resource], old.state.counters.find(resource), COUNTER_MS);
  moveListeners(resource, old.releaseListeners, next.releaseListeners);
  moveListeners(resource, old.turnListeners, next.turnListeners);
  from.sendOn(resource, to);
  to.sendOn(resource, undefined);
}

function moveListeners(resource: string, from: Listeners, to: Listeners): void {
  for (const name of from.keys()) {
    if (name !== resource && !name.endsWith(` ${resource}`)) continue;
    const there = from.listeners.get(name);
    if (there === undefined) continue;
    for (const listener of there instanceof Set ? there : [there]) to.add(name, listener);
    from.listeners.delete(name);
  }
  const all = new Set([...(peers.get(from) ?? [from]), ...(peers.get(to) ?? [to])]);
  for (const one of all) {
    peers.set(one, all);
    one.remove = removeEverywhere;
  }
}

/** Maps between which listeners have moved: who stops listening does so at the place at which it began. */
const peers = new WeakMap<object, ReadonlySet<Listeners>>();

function removeEverywhere(this: Listeners, name: string, listener: Hearer<unknown>): void {
  for (const one of peers.get(this) ?? [])
    ListenerMap.prototype.remove.call(one as unknown as ListenerMap<unknown>, name, listener);
}

function storeOf(node: SimulatedNode): Store {
  return (node as unknown as { store: Store }).store;
}
