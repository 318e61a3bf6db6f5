import type { LockNode } from '../../../lib/ports/lock-node.interface';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { ForeignNode } from '../../../lib/nodes/foreign-node';
import { acquire, extend, ownerOf } from '../../helpers/ask-node';

describe('ForeignNode', () => {
  it('hands an extension on as it is, with the token of the hold that it takes over', () => {
    const asked: unknown[] = [];
    const extendOf = { extend: (request: unknown) => asked.push(request) } as unknown as LockNode;
    const request = { resources: ['a'], ownerToken: 'ben', ttlMs: 1_000, replaces: 'anna' };

    new ForeignNode(extendOf, 'mine').extend(request, () => undefined);

    expect(asked).toEqual([{ resources: ['a'], ownerToken: 'ben', ttlMs: 1_000, replaces: 'anna' }]);
  });

  it('lets a hold be taken over on the node behind it', async () => {
    const node = new ForeignNode(new MemoryLockNode(), 'mine');
    await acquire(node, 'a', { ownerToken: 'anna' });

    const vote = await extend(node, 'a', { ownerToken: 'ben', replaces: 'anna' });

    expect(vote).toEqual({ kind: 'granted' });
    expect(await ownerOf(node, 'a')).toBe('ben');
  });

  it.each([
    ['how full it is', { usedBytes: 3, limitBytes: 4 }, { usedBytes: 3, limitBytes: 4 }],
    ['that it is empty', { usedBytes: 0, limitBytes: 4 }, { usedBytes: 0, limitBytes: 4 }],
    ['nothing where there is no limit', { usedBytes: 3, limitBytes: 0 }, null],
    ['nothing of what is no number', { usedBytes: 'much', limitBytes: 4 }, null],
    ['nothing where it leaves that out', undefined, null],
  ])('tells of its memory %s', async (_, told, passedOn) => {
    const node = new ForeignNode({ memory: () => Promise.resolve(told) } as unknown as LockNode, 'mine');

    expect(await node.memory()).toEqual(passedOn);
  });
});
