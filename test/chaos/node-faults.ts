import type { TcpProxyMode } from '../helpers/tcp-proxy';
import type { Random } from '../simulation/random';
import type { ChaoticNode } from './chaotic-node';

/** What can go wrong with one node. It begins at once, and `heal` ends it. */
export interface NodeFault {
  /** How often it is chosen, compared with the others. */
  readonly weight: number;
  readonly lastsMs: readonly [from: number, to: number];
  begin(node: ChaoticNode, random: Random): Promise<unknown>;
  heal(node: ChaoticNode): Promise<unknown>;
}

const nothing = () => Promise.resolve();

/**
 * The network does this to all connections, and breaks them in the end: what TCP has lost, it does not continue
 * after. New connections are made through the same network.
 */
function network(mode: TcpProxyMode, weight: number): NodeFault {
  return {
    weight,
    lastsMs: [200, 2_000],
    async begin({ proxy }) {
      await proxy.setMode(mode);
      if (mode === 'refuse' || mode === 'accept-and-close') proxy.reset();
    },
    async heal({ proxy }) {
      proxy.reset();
      await proxy.setMode('pass');
    },
  };
}

function restart(weight: number, { wipe }: { wipe: boolean }): NodeFault {
  return {
    weight,
    lastsMs: [0, 800],
    async begin({ server }) {
      await server.kill();
      if (wipe) server.wipe();
    },
    heal: ({ server }) => server.restart(),
  };
}

export const NODE_FAULTS = {
  stopped: {
    weight: 4,
    lastsMs: [100, 2_500],
    begin: ({ server }) => {
      server.pause();
      return Promise.resolve();
    },
    heal: ({ server }) => {
      server.resume();
      return Promise.resolve();
    },
  },
  restarted: restart(3, { wipe: false }),
  'restarted empty': restart(3, { wipe: true }),
  slow: {
    weight: 3,
    lastsMs: [300, 2_000],
    begin: ({ proxy }, random) => {
      proxy.delayMs = random.whole(5, 200);
      return Promise.resolve();
    },
    heal: ({ proxy }) => {
      proxy.delayMs = 0;
      return Promise.resolve();
    },
  },
  'replies lost': network('drop-replies', 3),
  'requests lost': network('drop-requests', 2),
  'connections refused': network('refuse', 2),
  'connections closed': network('accept-and-close', 1),
  'connections reset': {
    weight: 3,
    lastsMs: [0, 0],
    begin: ({ proxy }) => {
      proxy.reset();
      return Promise.resolve();
    },
    heal: nothing,
  },
  'scripts flushed': {
    weight: 2,
    lastsMs: [0, 0],
    begin: ({ server }) => server.command('SCRIPT', 'FLUSH'),
    heal: nothing,
  },
  'clients killed': {
    weight: 2,
    lastsMs: [0, 0],
    begin: ({ server }) => server.command('CLIENT', 'KILL', 'TYPE', 'normal'),
    heal: nothing,
  },
  'clients paused': {
    weight: 2,
    lastsMs: [100, 1_500],
    begin: ({ server }, random) =>
      server.command('CLIENT', 'PAUSE', random.whole(100, 1_500), random.pick(['ALL', 'WRITE'])),
    heal: ({ server }) => server.command('CLIENT', 'UNPAUSE'),
  },
} as const satisfies Record<string, NodeFault>;

export type NodeFaultKind = keyof typeof NODE_FAULTS;

/** Not one of those that a node may have at any time: see the storm. */
export const CLOCK_JUMP = 'clock jumped';

export type FaultKind = NodeFaultKind | typeof CLOCK_JUMP;

export const FAULT_KINDS: readonly FaultKind[] = [
  ...(Object.keys(NODE_FAULTS) as NodeFaultKind[]),
  CLOCK_JUMP,
];
