import type { AcquireRequest, AcquireVote } from '../../../lib/ports/lock-node.interface';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { VirtualClock } from '../../helpers/virtual-clock';

function setUp() {
  const clock = new VirtualClock();
  const node = new MemoryLockNode({ name: 'memory', clock });
  const acquire = (
    resource: string,
    ttlMs: number,
    how: Partial<AcquireRequest> = {},
  ): AcquireVote | undefined => {
    let answer: AcquireVote | undefined;
    const ownerToken = `token-${resource}`;
    node.acquire({ resources: [resource], ownerToken, ttlMs, askHolderTtl: true, ...how }, (vote) => {
      answer = vote;
    });
    return answer;
  };
  /** Looks inside: what a node forgot and what it only hides cannot be told apart from outside. */
  const entries = () => {
    const { owners, members, line } = (node as unknown as { state: Record<string, object> }).state;
    const maps = [owners, members, line].flatMap((part) => Object.values(part as object) as unknown[]);
    return maps.reduce<number>((sum, map) => sum + (map instanceof Map ? map.size : 0), 0);
  };
  return { clock, node, acquire, entries };
}

describe('MemoryLockNode', () => {
  it('forgets what nobody released, so that its memory is bounded by what is held', () => {
    const { clock, acquire, entries } = setUp();

    for (let number = 0; number < 10_000; number++) {
      acquire(`order:${number}`, 10);
      clock.stall(1);
    }

    expect(entries()).toBeLessThanOrEqual(128);
  });

  it('forgets readers and permits that nobody released, and who does not wait any more', () => {
    const { clock, acquire, entries } = setUp();

    for (let number = 0; number < 2_000; number++) {
      const resource = `order:${number}`;
      const line = { id: 'anna', ticket: number, entryMs: 10 };
      acquire(resource, 10, { shared: [resource] });
      acquire(resource, 10, { line });
      acquire(`api:${number}`, 10, { limit: { limit: 1, permits: 1, start: 0 } });
      clock.stall(1);
    }

    expect(entries()).toBeLessThanOrEqual(3 * 128);
  });

  it('keeps what is held while it forgets the rest', () => {
    const { clock, acquire } = setUp();
    for (let number = 0; number < 100; number++) acquire(`held:${number}`, 1_000_000);
    for (let number = 0; number < 1_000; number++) {
      acquire(`short:${number}`, 1);
      clock.stall(1);
    }

    for (let number = 0; number < 100; number++) {
      expect(acquire(`held:${number}`, 10)).toMatchObject({ kind: 'denied' });
    }
  });

  it('has a name of its own when none is given', () => {
    const [a, b] = [new MemoryLockNode(), new MemoryLockNode()];

    expect(a.name).toMatch(/^memory-\d+$/);
    expect(a.name).not.toBe(b.name);
  });

  it('forgets everything when it is closed', async () => {
    const { node, acquire, entries } = setUp();
    acquire('order:7', 1_000);

    await node.close();

    expect(entries()).toBe(0);
    expect(node.status).toBe('closed');
  });
});
