import type { ServerFacts } from '../../../lib/ports/lock-node.interface';
import { LeadingNode } from '../../../lib/core/leading-node';
import { NodeGuard, type RestartGuard } from '../../../lib/core/node-guard';
import { ScriptedNode } from '../../helpers/scripted-node';
import { VirtualClock } from '../../helpers/virtual-clock';

const GUARD_MS = 60_000;
const HOUR_MS = 3_600_000;

const server = (runId: string, uptimeMs = HOUR_MS): ServerFacts => ({ runId, uptimeMs });

function setUp(restartGuard: RestartGuard = 'observed', nodeCount = 3) {
  const clock = new VirtualClock();
  const nodes = Array.from({ length: nodeCount }, (_, position) => new ScriptedNode(`node-${position}`));
  for (const one of nodes) one.status = 'connecting';
  const news: string[] = [];
  const guard = new NodeGuard({
    nodes,
    clock,
    restartGuard,
    guardMs: GUARD_MS,
    onChange: (node, guarded) => news.push(`${node.name} ${guarded?.reason ?? 'trusted'}`),
  });
  const node = (position: number): ScriptedNode => nodes[position] as ScriptedNode;
  const up = (position: number, ...servers: ServerFacts[]) => {
    node(position).tell({ status: 'up', servers });
  };
  const allUp = (uptimeMs = HOUR_MS) => {
    nodes.forEach((_, position) => {
      up(position, server(`run-${position}`, uptimeMs));
    });
  };
  const reasons = () => nodes.map((one) => guard.reasonFor(one)?.reason);
  return { clock, nodes, node, guard, news, up, allUp, reasons };
}

describe('a node whose server restarts while we watch', () => {
  it('is guarded for the largest ttl from the moment it answers again, and announced once each way', async () => {
    const { clock, up, allUp, reasons, news, guard } = setUp();
    allUp();

    up(1, server('again', 0));
    await clock.advance(GUARD_MS - 1);
    expect(reasons()).toEqual([undefined, 'restarted', undefined]);
    await clock.advance(1);

    expect(reasons()).toEqual([undefined, undefined, undefined]);
    expect(news).toEqual(['node-1 restarted', 'node-1 trusted']);
    expect(guard.isIdle).toBe(true);
  });

  it('is guarded after a failover too, however long the new master runs', () => {
    const { up, allUp, reasons } = setUp();
    allUp();

    up(0, server('replica', 10 * HOUR_MS));

    expect(reasons()).toEqual(['restarted', undefined, undefined]);
  });

  it('is not guarded when the same server connects again', () => {
    const { node, up, allUp, news } = setUp();
    allUp();

    node(2).tell({ status: 'down' });
    up(2, server('run-2'));

    expect(news).toEqual([]);
  });

  it('is guarded anew when it restarts once more', async () => {
    const { clock, up, allUp, reasons, news } = setUp();
    allUp();

    up(1, server('again', 0));
    await clock.advance(GUARD_MS / 2);
    up(1, server('and again', 0));
    await clock.advance(GUARD_MS - 1);
    expect(reasons()).toEqual([undefined, 'restarted', undefined]);
    await clock.advance(1);

    expect(news).toEqual(['node-1 restarted', 'node-1 trusted']);
  });

  it('is guarded when the first of two servers comes back after a failover, since it missed what was granted', () => {
    const { up, allUp, reasons, clock } = setUp();
    allUp();
    up(1, server('replica'));
    clock.stall(2 * GUARD_MS);

    up(1, server('run-1'));

    expect(reasons()).toEqual([undefined, 'restarted', undefined]);
  });

  it('tells in its failed vote why, and for how long', async () => {
    const { clock, node, up, allUp, guard } = setUp();
    allUp();
    up(1, server('again', 0));
    await clock.advance(GUARD_MS - 1_500);

    expect(guard.errorFor(node(0))).toBeUndefined();
    expect(guard.errorFor(node(1))?.message).toBe(
      'guarded, since another server answers than before, or it was a replica meanwhile, so locks may be forgotten; it votes again in 2 s',
    );
  });
});

describe('a cluster as a node', () => {
  it('is guarded when one of its servers is another one', () => {
    const { up, reasons } = setUp();
    up(0, server('a'), server('b'), server('c'));

    up(0, server('a'), server('b2'), server('c'));

    expect(reasons()[0]).toBe('restarted');
  });

  it('is not guarded when its servers are told in another order, or one of them leaves', () => {
    const { up, news } = setUp();
    up(0, server('a'), server('b'));

    up(0, server('b'), server('a'));
    up(0, server('b'));

    expect(news).toEqual([]);
  });

  it('is as old as the youngest of its servers', () => {
    const { up, reasons } = setUp();
    up(0, server('a'), server('b'));
    up(1, server('c'), server('d', 1_000));
    up(2, server('e'));

    expect(reasons()).toEqual([undefined, 'young', undefined]);
  });
});

describe('a node that is young when it is first seen', () => {
  it('is guarded next to older ones until it is as old as the largest ttl', async () => {
    const { clock, up, reasons, news } = setUp();
    up(0, server('a'));
    up(1, server('b', 20_000));
    up(2, server('c'));

    await clock.advance(GUARD_MS - 20_001);
    expect(reasons()).toEqual([undefined, 'young', undefined]);
    await clock.advance(1);

    expect(reasons()).toEqual([undefined, undefined, undefined]);
    expect(news).toEqual(['node-1 young', 'node-1 trusted']);
  });

  it('is let in at once when all have started together', () => {
    const { allUp, reasons, news, clock } = setUp();

    allUp(500);

    expect(reasons()).toEqual([undefined, undefined, undefined]);
    expect(news).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is let in when the others started a little earlier, as those of one deployment do', () => {
    const { up, reasons } = setUp();
    up(0, server('a', 14_000));
    up(1, server('b', 7_000));
    up(2, server('c', 0));

    expect(reasons()).toEqual([undefined, undefined, undefined]);
  });

  it('waits for the others for a second at most, and in silence', async () => {
    const { clock, up, reasons, news } = setUp();
    up(0, server('a', 0));

    await clock.advance(999);
    expect(reasons()).toEqual(['young', undefined, undefined]);
    await clock.advance(1);

    expect(reasons()).toEqual([undefined, undefined, undefined]);
    expect(news).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait for others that are down', () => {
    const { node, up, reasons } = setUp();
    node(1).tell({ status: 'down' });
    node(2).tell({ status: 'down' });

    up(0, server('a', 0));

    expect(reasons()).toEqual([undefined, undefined, undefined]);
  });

  it('is guarded when an older one turns up later', async () => {
    const { clock, up, reasons, news } = setUp();
    up(0, server('a', 0));
    await clock.advance(5_000);

    up(1, server('b'));

    expect(reasons()).toEqual(['young', undefined, undefined]);
    expect(news).toEqual(['node-0 young']);
  });

  it('is let in if it is the only node there is', () => {
    const { up, news, reasons } = setUp('observed', 1);

    up(0, server('a', 0));

    expect([reasons(), news]).toEqual([[undefined], []]);
  });
});

describe("'strict'", () => {
  it('guards servers that run for less than the largest ttl, also when all of them are new', async () => {
    const { clock, allUp, reasons } = setUp('strict');
    allUp(10_000);

    await clock.advance(GUARD_MS - 10_001);
    expect(reasons()).toEqual(['young', 'young', 'young']);
    await clock.advance(1);

    expect(reasons()).toEqual([undefined, undefined, undefined]);
  });

  it('guards a restart that it saw', () => {
    const { up, allUp, reasons } = setUp('strict');
    allUp();

    up(2, server('again'));

    expect(reasons()).toEqual([undefined, undefined, 'restarted']);
  });
});

describe('without a restart guard', () => {
  it('a server that restarts, or is younger than the others, is trusted', () => {
    const { up, news, reasons } = setUp(false);
    up(0, server('run-0'));
    up(1, server('run-1'));
    up(2, server('young', 0));

    up(1, server('again', 0));

    expect(reasons()).toEqual([undefined, undefined, undefined]);
    expect(news).toEqual([]);
  });

  it('a server whose clock ran ahead is guarded all the same: it ends locks however well it keeps them', async () => {
    const { clock, node, allUp, news, reasons } = setUp(false);
    allUp();

    node(2).tell({ status: 'up', clockAheadMs: 5_000 });
    const guarded = reasons();
    await clock.advance(GUARD_MS);

    expect(guarded).toEqual([undefined, undefined, 'clock']);
    expect(news).toEqual(['node-2 clock', 'node-2 trusted']);
  });

  it('a server that is listed twice has one vote all the same', () => {
    const { up, reasons } = setUp(false);

    up(0, server('a'));
    up(2, server('a'));

    expect(reasons()).toEqual([undefined, undefined, 'duplicate']);
  });
});

describe('a server behind two nodes', () => {
  it.each([
    ['in the order of the list', [0, 2]],
    ['in the other order', [2, 0]],
  ])('votes for the first of them alone, when they connect %s', async (_, order) => {
    const { clock, node, up, reasons, guard, news } = setUp();
    up(1, server('b'));
    for (const position of order) up(position, server('a'));

    await clock.advance(10 * HOUR_MS);

    expect(reasons()).toEqual([undefined, undefined, 'duplicate']);
    expect(guard.reasonFor(node(2))?.untilMs).toBe(Infinity);
    expect(guard.errorFor(node(2))?.message).toMatch(/the same server as an earlier node .*list each once$/);
    expect(news).toEqual(['node-2 duplicate']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('votes for both again when the second is another server, after the guard of a new one', async () => {
    const { clock, up, news } = setUp();
    up(0, server('a'));
    up(1, server('b'));
    up(2, server('a'));

    up(2, server('c'));
    await clock.advance(GUARD_MS);

    expect(news).toEqual(['node-2 duplicate', 'node-2 restarted', 'node-2 trusted']);
  });

  it('is found in clusters that share a server', () => {
    const { up, reasons } = setUp();
    up(0, server('a'), server('b'));
    up(1, server('c'), server('b'));

    expect(reasons()).toEqual([undefined, 'duplicate', undefined]);
  });
});

describe('a node whose clock ran ahead', () => {
  it('is guarded from then on', async () => {
    const { clock, node, allUp, reasons, news } = setUp();
    allUp();

    node(1).tell({ status: 'up', clockAheadMs: 700 });
    await clock.advance(GUARD_MS - 1);
    expect(reasons()).toEqual([undefined, 'clock', undefined]);
    await clock.advance(1);

    expect(news).toEqual(['node-1 clock', 'node-1 trusted']);
  });

  it('is guarded even if it does not say who it is', () => {
    const { node, reasons } = setUp();

    node(1).tell({ status: 'up', clockAheadMs: 700 });

    expect(reasons()).toEqual([undefined, 'clock', undefined]);
  });

  it('is not taken for one that restarted when it says so later', () => {
    const { clock, node, up, reasons } = setUp();
    node(1).tell({ status: 'up', clockAheadMs: 700 });
    clock.stall(GUARD_MS);

    up(1, server('b'));

    expect(reasons()).toEqual([undefined, undefined, undefined]);
  });
});

describe('a guard', () => {
  it('comes back for each of several nodes at its own time, with one timer', async () => {
    const { clock, up, allUp, news } = setUp();
    allUp();
    up(0, server('again 0', 0));
    await clock.advance(1_000);
    up(1, server('again 1', 0));

    expect(clock.pendingTimers).toBe(1);
    await clock.advance(GUARD_MS);

    expect(news).toEqual(['node-0 restarted', 'node-1 restarted', 'node-0 trusted', 'node-1 trusted']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no timer and no listener when it is stopped', async () => {
    const { clock, nodes, up, allUp, guard, news } = setUp();
    allUp();
    up(0, server('again', 0));

    guard.stop();
    await clock.advance(2 * GUARD_MS);

    expect(clock.pendingTimers).toBe(0);
    expect(nodes.map(({ statusListenerCount }) => statusListenerCount)).toEqual([0, 0, 0]);
    expect(news).toEqual(['node-0 restarted']);
  });

  it('does not know of nodes that cannot tell, and lets them vote', () => {
    const { nodes, reasons, news, guard } = setUp();

    for (const node of nodes) node.tell({ status: 'up' });
    nodes[0]?.tell({ status: 'down' });
    nodes[0]?.tell({ status: 'up' });

    expect([reasons(), news, guard.isIdle]).toEqual([[undefined, undefined, undefined], [], true]);
  });
});

describe('a guarded node', () => {
  it('does not lead those who come at the same moment, until it is trusted again', async () => {
    const { clock, nodes, guard, up, allUp } = setUp();
    const leader = new LeadingNode({ nodes, guard });
    allUp();
    expect(leader.current?.name).toBe('node-0');

    up(0, server('again', 0));
    expect(leader.current?.name).toBe('node-1');
    await clock.advance(GUARD_MS);

    expect(leader.current?.name).toBe('node-0');
  });
});

describe('a node of several servers', () => {
  const additional = (runId: string, uptimeMs = HOUR_MS): ServerFacts => ({
    ...server(runId, uptimeMs),
    isAdditional: true,
  });

  it('is not guarded for one that joined the others, however young that is', () => {
    const { up, allUp, reasons, news } = setUp();
    allUp();

    up(0, server('run-0'), additional('new', 0));
    up(0, server('run-0'), additional('new', 0));

    expect([reasons(), news]).toEqual([[undefined, undefined, undefined], []]);
  });

  it('is guarded for another one beside it, and when the one that joined is another server later', () => {
    const { up, allUp, reasons } = setUp();
    allUp();

    up(0, server('run-0'), additional('new'), server('another'));
    up(1, server('run-1'), additional('new too'));
    up(1, server('run-1'), server('again'));

    expect(reasons()).toEqual(['restarted', 'restarted', undefined]);
  });

  it('is guarded for a young one that joined under strict', () => {
    const { up, allUp, reasons } = setUp('strict');
    allUp();

    up(0, server('run-0'), additional('new', 0));

    expect(reasons()).toEqual(['young', undefined, undefined]);
  });

  it('is guarded when it says that it has forgotten, with or without servers', async () => {
    const { node, allUp, reasons, clock } = setUp();
    allUp();

    node(0).tell({ status: 'up', hasForgotten: true });
    node(1).tell({ status: 'up', servers: [server('run-1')], hasForgotten: true });

    expect(reasons()).toEqual(['restarted', 'restarted', undefined]);
    await clock.advance(GUARD_MS);
    expect(reasons()).toEqual([undefined, undefined, undefined]);
  });
});
