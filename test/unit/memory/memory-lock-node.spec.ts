import type { AcquireVote } from '../../../lib/ports/lock-node.interface';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { VirtualClock } from '../../helpers/virtual-clock';

function setUp() {
  const clock = new VirtualClock();
  const node = new MemoryLockNode({ name: 'memory', clock });
  const acquire = (resource: string, ttlMs: number): AcquireVote | undefined => {
    let answer: AcquireVote | undefined;
    node.acquire(
      { resources: [resource], ownerToken: `token-${resource}`, ttlMs, askHolderTtl: true },
      (vote) => {
        answer = vote;
      },
    );
    return answer;
  };
  /** Looks inside: what a node forgot and what it only hides cannot be told apart from outside. */
  const entries = () => (node as unknown as { entries: Map<string, unknown> }).entries.size;
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
