import type { ListedHold } from '../../../../lib/ports/node-listing.interface';
import { isInPlaceOfLock } from '../../../../lib/locking/inspection/is-lock';
import { listLocks, type NodeAnswer } from '../../../../lib/locking/inspection/list-locks';
import { LockChanges } from '../../../../lib/cli/text/lock-changes';
import { complaintsAbout, exitCodeFor, showLocks } from '../../../../lib/cli/text/show-locks';

/** What a node has: `{ resource: [ownerToken, ttlMs] }`; nothing of one that is silent. */
function answers(...nodes: (Record<string, [string, number]> | 'silent')[]): NodeAnswer[] {
  return nodes.map((holds, position) => {
    const node = `n${position}`;
    if (holds === 'silent') return { node, error: new Error('gone') };
    const entries = Object.entries(holds).map(([resource, [ownerToken, ttlMs]]): [string, ListedHold] => [
      resource,
      { resource, ownerToken, ttlMs },
    ]);
    return { node, holds: new Map(entries) };
  });
}

function judge(...nodes: Parameters<typeof answers>) {
  return listLocks(answers(...nodes)).map(({ resource, state, holder, ttlMs, nodeCount }) => ({
    ...{ resource, state, owner: holder?.ownerToken, ttlMs, nodeCount },
  }));
}

describe('the list of locks', () => {
  it('has a lock for as long as a quorum keeps it', () => {
    expect(judge({ x: ['anna', 100] }, { x: ['anna', 300] }, { x: ['anna', 200] })).toEqual([
      { resource: 'x', state: 'held', owner: 'anna', ttlMs: 200, nodeCount: 3 },
    ]);
  });

  it('names the owner with the quorum, in whatever order the nodes answer', () => {
    expect(judge({ x: ['ben', 900] }, { x: ['anna', 100] }, { x: ['anna', 300] })).toEqual([
      { resource: 'x', state: 'held', owner: 'anna', ttlMs: 100, nodeCount: 2 },
    ]);
  });

  it('tells what is partial, contested and not to be told', () => {
    expect(judge({ x: ['anna', 100] }, {}, {})).toEqual([
      { resource: 'x', state: 'partial', owner: 'anna', ttlMs: 100, nodeCount: 1 },
    ]);
    expect(judge({ x: ['anna', 100] }, { x: ['ben', 100] }, {})).toEqual([
      { resource: 'x', state: 'contested', owner: undefined, ttlMs: undefined, nodeCount: 2 },
    ]);
    expect(judge({ x: ['anna', 100] }, {}, 'silent')).toMatchObject([{ state: 'unknown', owner: 'anna' }]);
    expect(judge({ x: ['anna', 100] }, {}, {}, {}, 'silent')).toMatchObject([{ state: 'partial' }]);
  });

  it('tells of a key of another program only where nobody has a lock', () => {
    const foreign = (foreignType: string, ttlMs: number): ListedHold => ({
      ...{ resource: 'x', ownerToken: '', ttlMs, foreignType },
    });
    const anna: ListedHold = { resource: 'x', ownerToken: 'anna', ttlMs: 9 };
    const list = (...nodes: (ListedHold | undefined)[]) =>
      listLocks(
        nodes.map((hold, at) => ({
          node: `n${at}`,
          holds: new Map(hold === undefined ? [] : [['x', hold]]),
        })),
      );

    expect(list(foreign('hash', 5), foreign('hash', 7), undefined)).toEqual([
      { resource: 'x', state: 'foreign', foreignType: 'hash', ttlMs: 5, nodeCount: 2, owners: [] },
    ]);
    expect(list(foreign('list', Infinity), undefined, undefined)).toMatchObject([
      { state: 'foreign', ttlMs: Infinity, nodeCount: 1 },
    ]);
    expect(list(foreign('hash', 5), anna, anna)).toMatchObject([{ state: 'held', nodeCount: 2 }]);
    expect(list(foreign('hash', 5), anna, undefined)).toMatchObject([{ state: 'partial', nodeCount: 1 }]);
  });

  it('tells of a key of another program that a majority has, with the rest of a lock beside it', () => {
    const foreign: ListedHold = { resource: 'x', ownerToken: '', ttlMs: 5, foreignType: 'hash' };
    const rests: ListedHold[] = [
      { resource: 'x', ownerToken: 'anna', ttlMs: 9 },
      { resource: 'x', ownerToken: 'anna', ttlMs: 9, members: [{ ownerToken: 'anna', ttlMs: 9, slot: 0 }] },
    ];
    for (const rest of rests) {
      const listed = listLocks(
        [foreign, rest, foreign].map((hold, at) => ({ node: `n${at}`, holds: new Map([['x', hold]]) })),
      );

      expect(listed).toEqual([
        {
          ...{ resource: 'x', state: 'foreign', foreignType: 'hash', ttlMs: 5, nodeCount: 2 },
          owners: [{ node: 'n1', ownerToken: 'anna', ttlMs: 9 }],
        },
      ]);
    }
  });

  it('tells of readers and permits each by itself, whichever of them a node keeps longest', () => {
    const members = (...of: [string, number, number?][]): ListedHold => ({
      ...{ resource: 'x', ownerToken: of[0]?.[0] ?? '', ttlMs: of[0]?.[1] ?? 0 },
      members: of.map(([ownerToken, ttlMs, slot]) => ({ ownerToken, ttlMs, slot })),
    });
    const list = (...nodes: ListedHold[]) =>
      listLocks(nodes.map((hold, at) => ({ node: `n${at}`, holds: new Map([['x', hold]]) })));

    const read = list(
      members(['anna', 9], ['ben', 3]),
      members(['ben', 4], ['anna', 2]),
      members(['eve', 9]),
    );
    const permitted = list(
      members(['anna', 9, 1]),
      members(['anna', 9, 1], ['anna', 9, 0]),
      members(['ben', 5, 0]),
    );

    expect(read).toMatchObject([{ state: 'held', mode: 'shared', nodeCount: 2 }]);
    expect(read[0]?.holders).toEqual([
      { ownerToken: 'ben', ttlMs: 3, nodeCount: 2 },
      { ownerToken: 'anna', ttlMs: 2, nodeCount: 2 },
    ]);
    expect(permitted).toMatchObject([{ state: 'held', mode: 'limited' }]);
    expect(permitted[0]?.holders).toEqual([{ ownerToken: 'anna', ttlMs: 9, nodeCount: 2, slot: 1 }]);
    expect(list(members(['a', 1]), members(['b', 2]), members(['c', 3]))).toMatchObject([
      { state: 'partial' },
    ]);
  });

  it('is sorted by resource', () => {
    expect(
      judge({ b: ['anna', 1], c: ['anna', 1] }, { a: ['anna', 1] }).map(({ resource }) => resource),
    ).toEqual(['a', 'b', 'c']);
  });

  it('says so for people when there is none, or more than was asked for', () => {
    const search = { keyPrefix: 'lock:', pattern: '*', limit: 1 };

    expect(showLocks({ answers: answers({}), isTruncated: false }, search)).toBe('No locks.');
    const text = showLocks({ answers: answers({ x: ['anna', 100] }), isTruncated: true }, search);
    expect(text.split('\n').at(-1)).toBe('More than 1; narrow it with --pattern, or raise --limit.');
  });

  it('does not say that there is none where nobody could tell', () => {
    const search = { keyPrefix: 'lock:', pattern: '*', limit: 1 };
    const shown = (...nodes: Parameters<typeof answers>) =>
      showLocks({ answers: answers(...nodes), isTruncated: false }, search);

    expect(shown('silent')).toBe(
      'It is unknown if there are locks: 0 of 1 nodes answered, and 1 are needed.',
    );
    expect(shown({}, 'silent', 'silent')).toBe(
      'It is unknown if there are locks: 1 of 3 nodes answered, and 2 are needed.',
    );
    expect(shown({}, {}, 'silent')).toBe('No locks on the nodes that answered: 2 of 3 nodes answered.');
  });

  it('is complete enough for an exit with 0 while a quorum of the nodes answers', () => {
    expect(exitCodeFor(answers({}, {}, 'silent'))).toBe(0);
    expect(exitCodeFor(answers({}, 'silent', 'silent'))).toBe(3);
    expect(complaintsAbout(answers({}, 'silent'))).toEqual(['n1: gone']);
  });
});

describe('a string below the prefix', () => {
  it.each([
    ['order:7', 'anna', true],
    ['order:7', '12', true],
    ['nestjs-redlock:doctor:x7', 'doctor:1', false],
    ['lock:{nestjs-redlock:doctor:x7}:1', 'doctor:1', false],
    ['order:7', '', false],
    ['lock:#fence:7', '1790000000000001', false],
    ['#fence:order', 'anna', true],
  ])('%s with %j: a lock %s', (key, ownerToken, is) => {
    expect(isInPlaceOfLock(key, { ownerToken, ttlMs: 1 })).toBe(is);
  });

  it.each([
    ['order:7', true],
    ['line:who:lock:order:7', false],
    ['line:seen:lock:order:7', false],
  ])('%s with a key of another type is shown: %s', (key, is) => {
    expect(isInPlaceOfLock(key, { ownerToken: '', foreignType: 'zset', ttlMs: 1 })).toBe(is);
  });
});

describe('what changes from look to look', () => {
  const look = (changes: LockChanges, nodes: NodeAnswer[]) =>
    changes
      .next(nodes, exitCodeFor(nodes) === 0)
      .map((change) =>
        change.type === 'node'
          ? `${change.node} ${change.error ?? 'answers'}`
          : `${change.type} ${change.lock.resource} ${change.lock.state}`,
      );

  it('is a lock that comes, that has another state or owner, and that goes; not its ttl, nor one node more', () => {
    const changes = new LockChanges();

    expect(look(changes, answers({ x: ['anna', 9] }, {}, {}))).toEqual(['lock x partial']);
    expect(look(changes, answers({ x: ['anna', 8] }, {}, {}))).toEqual([]);
    expect(look(changes, answers({ x: ['anna', 9] }, { x: ['anna', 9] }, {}))).toEqual(['lock x held']);
    expect(look(changes, answers({ x: ['anna', 5] }, { x: ['anna', 5] }, { x: ['anna', 5] }))).toEqual([]);
    expect(look(changes, answers({ x: ['ben', 9] }, { x: ['ben', 9] }, {}))).toEqual(['lock x held']);
    expect(look(changes, answers({}, {}, {}))).toEqual(['gone x held']);
    expect(look(changes, answers({}, {}, {}))).toEqual([]);
  });

  it('is a node that stops to answer and answers again; without a quorum of them nothing is concluded', () => {
    const changes = new LockChanges();

    look(changes, answers({ x: ['anna', 9] }, { x: ['anna', 9] }, {}));
    expect(look(changes, answers({ x: ['anna', 9] }, 'silent', 'silent'))).toEqual(['n1 gone', 'n2 gone']);
    expect(look(changes, answers({}, 'silent', 'silent'))).toEqual([]);
    expect(look(changes, answers({ x: ['anna', 9] }, { x: ['anna', 9] }, 'silent'))).toEqual(['n1 answers']);
  });
});
