import type { ListedLock } from '../../../../lib/locking/api/lock-listing.interface';
import { showHolder } from '../../../../lib/cli/text/show';
import { showEvent } from '../../../../lib/cli/text/show-changes';
import { showInspection } from '../../../../lib/cli/text/show-inspection';
import type { LockInspection } from '../../../../lib/locking/api/lock-inspection.interface';

const lock: ListedLock = {
  ...{ resource: 'x', state: 'held', holder: { ownerToken: 'anna' }, ttlMs: 9_000, nodeCount: 2 },
  owners: [{ node: 'a', ownerToken: 'anna', ttlMs: 9_000 }],
};

const contested: ListedLock = {
  ...{ resource: 'x', state: 'contested', nodeCount: 3 },
  owners: ['anna', 'ben', 'ben'].map((ownerToken, at) => ({ node: `n${at}`, ownerToken, ttlMs: 1 })),
};

const EMPTY = { resource: 'x', holders: [], waiting: 0 };

describe('a line of watch', () => {
  it.each([
    [{ type: 'lock', lock } as const, 'held  x  token anna  ttl 9 s  2 nodes'],
    [{ type: 'lock', lock: { ...lock, nodeCount: 1 } } as const, 'held  x  token anna  ttl 9 s  1 node'],
    [{ type: 'lock', lock: contested } as const, 'contested  x  2 owners  ttl -  3 nodes'],
    [{ type: 'gone', lock } as const, 'gone  x  token anna'],
    [
      { type: 'released', resource: 'x\u001b', ownerToken: 'web-1:7:Xk2p:Q1r0mJt5bQf8m3nD0aZs7A' } as const,
      'released  x\\u001b  web-1:7 Xk2p',
    ],
    [{ type: 'node', node: 'a:1', error: 'gone' } as const, 'node  a:1  gone'],
    [{ type: 'node', node: 'a:1', error: null } as const, 'node  a:1  answers again'],
  ])('says of %j: %s', (event, words) => {
    expect(showEvent(event, 61_001)).toBe(`00:01:01.001  ${words}`);
  });
});

describe('the answer of inspect', () => {
  const owner = (ownerToken: string | undefined, ttlMs?: number) => ({
    ...({ node: 'a:1', status: 'up', ownerToken, ttlMs } as const),
  });
  const silent = { node: 'b:1', status: 'down', error: new Error('gone') } as const;

  it.each<[string, Partial<LockInspection>]>([
    ['"x" is free.', { state: 'free' }],
    [
      '"x" is held by token anna on 2 of 3 nodes, for 9 s more unless it is extended.',
      {
        state: 'held',
        holder: { ownerToken: 'anna' },
        ttlMs: 9_000,
        nodes: [owner('anna'), owner('anna'), silent],
      },
    ],
    [
      '"x" is held by token anna on 2 of 3 nodes (on 1 it is held by somebody else), for 9 s more unless it is extended.',
      {
        state: 'held',
        holder: { ownerToken: 'anna' },
        ttlMs: 9_000,
        nodes: [owner('anna'), owner('ben'), owner('anna')],
      },
    ],
    [
      '"x" is held by token a\\u001b on 1 of 1 nodes, without an expiry.',
      { state: 'held', holder: { ownerToken: 'a\u001b' }, ttlMs: Infinity, nodes: [owner('a\u001b')] },
    ],
    [
      '"x" is contested: 2 of 3 nodes have an owner, and no owner has the 2 that are needed. Look again in a moment.',
      { state: 'contested', nodes: [owner('anna'), owner('ben'), owner(undefined)] },
    ],
    [
      '"x" is held by 2 readers, and 3 wait for it.',
      {
        state: 'held',
        mode: 'shared',
        holders: ['anna', 'ben'].map((ownerToken) => ({ ownerToken, ttlMs: 9_000, nodeCount: 3 })),
        waiting: 3,
        nodes: [],
      },
    ],
    [
      '"x" is held by 2 permits: 0, 3.',
      {
        state: 'held',
        mode: 'limited',
        holders: [0, 3].map((slot) => ({ ownerToken: 'anna', ttlMs: 9_000, nodeCount: 2, slot })),
        nodes: [],
      },
    ],
    [
      'Nobody can tell who holds "x": fewer than 2 of 3 nodes answered.',
      { state: 'unknown', nodes: [owner('anna'), silent, silent] },
    ],
  ])('begins with %s', (sentence, inspection) => {
    const given: LockInspection = { ...EMPTY, state: 'free', nodes: [], ...inspection };

    expect(showInspection(given).split('\n')[0]).toBe(sentence);
  });

  it('has a line for each node: what it has, or why it does not tell', () => {
    const servers = ['9.1.2', '8.1.1'].map((version) => ({ name: 'Valkey', version }));
    const nodes = [{ ...owner('anna', 9_000), servers }, owner(undefined), silent];

    const lines = showInspection({ ...EMPTY, state: 'contested', nodes })
      .split('\n')
      .slice(3);

    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['a:1', 'up', 'Valkey 9.1.2, Valkey 8.1.1', 'token anna', '9 s'],
      ['a:1', 'up', '-', '-', '-'],
      ['b:1', 'down', '-', '-', '-', 'gone'],
    ]);
  });
});

it('the token of a stranger is cut where it would fill the line', () => {
  expect(showHolder({ ownerToken: 'x'.repeat(50) })).toBe(`token ${'x'.repeat(40)}`);
});
