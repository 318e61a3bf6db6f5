import { TURN } from '../../lib/ports/lock-mode';
import type { Fault } from './plan';
import { SimulatedCluster } from './simulated-cluster';
import type { World } from './world';

/** Puts a fault, and its end, on the timeline. */
export function inject(world: World, fault: Fault): void {
  world.timeline.at(fault.atMs, () => {
    begin(world, fault);
  });
}

function begin(world: World, fault: Fault): void {
  world.note(() => `✗ ${JSON.stringify(fault)}`);
  if ('client' in fault) {
    if ('node' in fault) breakLink(world, fault);
    else hitClient(world, fault);
  } else hitNode(world, fault);
}

function hitClient(world: World, fault: Extract<Fault, { client: number }>): void {
  const client = world.clientAt(fault.client);
  switch (fault.what) {
    case 'stall':
      client.stall(fault.ms);
      return;
    case 'suspend':
      client.suspend(fault.ms);
      return;
    case 'set-wall':
      world.count('wall clock set');
      client.clock.setWall(fault.ms);
      client.isWallMoved = true;
      client.wallMovedAtMs = client.clock.now();
      return;
    case 'crash':
      world.count('client crash');
      client.crash();
      world.replaceClient(fault.client);
      return;
    case 'close':
      world.callers.close(client, fault.timeoutMs);
      return;
    default:
  }
}

function breakLink(world: World, fault: Extract<Fault, { client: number; node: number }>): void {
  const { timeline } = world;
  const link = world.clientAt(fault.client).links[fault.node]?.part(fault.master);
  if (link === undefined) return;
  switch (fault.what) {
    case 'cut':
      world.count('cut connection');
      if (fault.lateMs !== null) world.count('late message');
      link.cutUntilMs = timeline.nowMs + fault.ms;
      link.break(fault.lateMs);
      return;
    case 'deaf':
    case 'mute':
      world.count('silent connection');
      link.silence(fault.what === 'deaf' ? 'requests' : 'replies');
      timeline.after(fault.ms, () => {
        link.break(null);
      });
      return;
    case 'slow':
      world.count('slow connection');
      link.slowerByMs += fault.byMs;
      timeline.after(fault.ms, () => {
        link.slowerByMs -= fault.byMs;
      });
      return;
    case 'overload':
      world.count('overload');
      link.isOverloaded = true;
      timeline.after(fault.ms, () => {
        link.isOverloaded = false;
      });
  }
}

function hitNode(world: World, fault: Exclude<Fault, { client: number }>): void {
  if (fault.what === 'force') {
    forceOpen(world, fault);
    return;
  }
  if (fault.what === 'move') {
    const cluster = world.nodes[fault.node];
    if (!(cluster instanceof SimulatedCluster)) return;
    if (cluster.move(fault.resource, fault.to, world.rules)) world.count('moved slot');
    return;
  }
  const node = world.nodes[fault.node]?.master(fault.master);
  if (node === undefined) return;
  switch (fault.what) {
    case 'pause':
      world.count('paused node');
      node.pause();
      world.timeline.after(fault.ms, () => {
        node.goOn();
      });
      return;
    case 'fill':
      world.count('full node');
      node.fill();
      world.timeline.after(fault.ms, () => {
        node.empty();
      });
      return;
    case 'restart':
    case 'wipe':
      world.count(fault.what === 'wipe' ? 'wiped node' : 'restarted node');
      node.crash(fault.what === 'restart');
      world.timeline.after(fault.ms, () => {
        node.restart();
      });
      return;
    case 'jump':
      world.count('clock jump');
      node.jump(fault.byMs);
      if (fault.ms !== undefined) {
        world.timeline.after(fault.ms, () => {
          node.jump(-fault.byMs);
        });
      }
  }
}

type Force = Extract<Fault, { what: 'force' }>;

/** By hand on the servers, or as the library does it: then for all, or for one holder. */
function forceOpen(world: World, { resource, through, whose }: Force): void {
  const { judge } = world;
  const owners = [...new Set(world.nodes.flatMap((node) => node.ownersOf(resource)))].filter(
    (one) => one !== TURN,
  );
  const ownerToken = whose === undefined ? undefined : owners[Math.floor(whose * owners.length)];
  if (whose !== undefined && ownerToken === undefined) return;
  world.count(ownerToken === undefined ? 'forced open' : 'forced out');
  if (ownerToken === undefined) judge.forcedOpen(resource);
  else judge.forcedOut(ownerToken);
  if (through === undefined) for (const node of world.nodes) node.remove(resource);
  else world.callers.forceRelease(world.clientAt(through), resource, ownerToken);
}
