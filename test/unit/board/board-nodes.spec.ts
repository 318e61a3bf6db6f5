import { boardNodes } from '../../../lib/board/core/board-nodes';
import type { NodeLook } from '../../../lib/locking/api/lock-listing.interface';
import { listNodes } from '../../../lib/locking/inspection/list-nodes';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { VirtualClock } from '../../helpers/virtual-clock';

/** How the board sees three nodes, of which the last lists in this way. */
async function look(list: MemoryLockNode['list'] | undefined) {
  const clock = new VirtualClock();
  const [a, b, odd] = ['a', 'b', 'odd'].map((name) => new MemoryLockNode({ name }));
  const nodes = [a, b, Object.assign(odd as MemoryLockNode, { list })] as MemoryLockNode[];
  const looking = listNodes({ nodes, clock, timeoutMs: 500 });
  await clock.advance(500);
  const { mayFail, nodes: shown } = boardNodes(await looking, clock.wallNow());
  return { mayFail, states: shown.map(({ state }) => state) };
}

describe('how many nodes may fail, as the board sees it', () => {
  it('is one less while a node does not answer, though it counts as up', async () => {
    expect(await look(() => new Promise(() => undefined))).toEqual({
      mayFail: 0,
      states: ['up', 'up', 'silent'],
    });
  });

  it('is not less for a node that answers that it cannot list what it has', async () => {
    expect(await look(undefined)).toMatchObject({ mayFail: 1 });
    expect(await look(() => Promise.reject(new Error('NOPERM no scan')))).toMatchObject({ mayFail: 1 });
  });

  it('is negative when too few are left', () => {
    const nodes: NodeLook[] = ['a', 'b', 'c'].map((node) => ({ node, status: 'down' }));

    expect(boardNodes({ locks: [], isTruncated: false, nodes }, 0)).toMatchObject({ mayFail: -2 });
  });
});
