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

  it.each<[string, object, object]>([
    ['how many wait', { kind: 'granted', waiting: 2 }, { kind: 'granted', waiting: 2 }],
    ['that more may wait', { kind: 'granted', mayBeMore: true }, { kind: 'granted', mayBeMore: true }],
    ['nothing of what is neither', { kind: 'granted', waiting: -1, mayBeMore: 'yes' }, { kind: 'granted' }],
  ])('tells of a release %s', (_, told, passedOn) => {
    const votes: unknown[] = [];
    const releasing = {
      release: (_request: unknown, vote: (given: object) => void) => {
        vote(told);
      },
    };

    new ForeignNode(releasing as unknown as LockNode, 'mine').release(
      { resources: ['a'], ownerToken: 'anna', wakeWaiters: true, ttlMs: 1_000 },
      (vote) => votes.push(vote),
    );

    expect(votes).toEqual([passedOn]);
  });

  it.each<[string, object, object]>([
    ['its time', { inLine: 1, nodeMicros: 5 }, { inLine: 1, nodeMicros: 5 }],
    ['nothing of what is no time', { nodeMicros: 0 }, {}],
    ['nothing of a time with a fraction', { nodeMicros: 0.5 }, {}],
  ])('tells with a grant %s', (_, told, passedOn) => {
    const votes: unknown[] = [];
    const granting = {
      acquire: (_request: unknown, vote: (given: object) => void) => {
        vote({ kind: 'granted', ...told });
      },
    };

    new ForeignNode(granting as unknown as LockNode, 'mine').acquire(
      { resources: ['a'], ownerToken: 'anna', ttlMs: 1_000, askHolderTtl: false },
      (vote) => votes.push(vote),
    );

    expect(votes).toEqual([{ kind: 'granted', ...passedOn }]);
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

  it.each<[string, unknown, unknown]>([
    [
      'a part of its list, without what nobody asked for',
      { holds: [{ resource: 'a', ownerToken: 'anna', ttlMs: 9, waiting: 2, more: 1 }], next: '7', more: 1 },
      { holds: [{ resource: 'a', ownerToken: 'anna', ttlMs: 9, waiting: 2 }], next: '7' },
    ],
    [
      'its pace as far as it is one',
      { holds: [], pace: { roundTripMs: 3, clockAheadMs: 'much' } },
      { holds: [], pace: { roundTripMs: 3 } },
    ],
    ['no pace that is none', { holds: [], pace: { roundTripMs: -1 } }, { holds: [] }],
  ])('passes on %s', async (_, told, passedOn) => {
    const node = new ForeignNode({ list: () => Promise.resolve(told) } as unknown as LockNode, 'mine');

    expect(await node.list({ pattern: '*' })).toEqual(passedOn);
  });

  it.each<[unknown]>([
    [undefined],
    [{ holds: 7 }],
    [{ holds: [null] }],
    [{ holds: [{ resource: '', ownerToken: 'x', ttlMs: 1 }] }],
    [{ holds: [{ resource: 'a', ownerToken: 7, ttlMs: 1 }] }],
    [{ holds: [], next: 7 }],
  ])('rejects for %j in the place of a part', async (told) => {
    const node = new ForeignNode({ list: () => Promise.resolve(told) } as unknown as LockNode, 'mine');

    await expect(node.list({ pattern: '*' })).rejects.toThrow();
  });

  it('says so when the node behind it cannot list', async () => {
    await expect(new ForeignNode({} as LockNode, 'mine').list({ pattern: '*' })).rejects.toThrow(
      'the node cannot list what it has',
    );
  });
});
