import { findLocks, type ListedNode, type Search } from '../../../../lib/locking/inspection/find-locks';
import type { ListedHold, ListedPart, ListRequest } from '../../../../lib/ports/node-listing.interface';
import { settle, VirtualClock } from '../../../helpers/virtual-clock';
import { watch } from '../../../helpers/watch';

const hold = (resource: string, ownerToken = 'anna'): ListedHold => ({ resource, ownerToken, ttlMs: 9 });

/** A node that has these resources, two in each part, and keeps what it was asked. */
class PagedNode implements ListedNode {
  readonly asked: ListRequest[] = [];

  constructor(
    readonly name: string,
    private readonly resources: readonly string[],
  ) {}

  list(request: ListRequest): Promise<ListedPart> {
    this.asked.push(request);
    if (request.resources !== undefined) {
      const found = request.resources.filter((resource) => this.resources.includes(resource));
      return Promise.resolve({ holds: found.map((resource) => hold(resource)) });
    }
    const at = Number(request.from ?? 0);
    const next = at + 2 < this.resources.length ? { next: String(at + 2) } : {};
    return Promise.resolve({ holds: this.resources.slice(at, at + 2).map((one) => hold(one)), ...next });
  }
}

async function find(nodes: ListedNode[], search: Partial<Search> = {}, known?: readonly string[]) {
  const setup = { nodes, clock: new VirtualClock(), timeoutMs: 500 };
  const { answers, isTruncated } = await findLocks(setup, { pattern: '*', limit: 100, ...search }, known);
  const names = answers.map(
    ({ holds, error }) => error?.message ?? [...(holds?.keys() ?? [])].sort().join(' '),
  );
  return { names, isTruncated };
}

describe('the search for locks', () => {
  it('takes what each node has from all parts of its list', async () => {
    const nodes = [new PagedNode('a', ['x', 'y', 'z']), new PagedNode('b', ['x'])];

    expect(await find(nodes)).toEqual({ names: ['x y z', 'x'], isTruncated: false });
    expect(nodes.map(({ asked }) => asked.length)).toEqual([2, 1]);
  });

  it('asks a node that has more than the limit for what the others have, and no other', async () => {
    const full = new PagedNode('full', ['d', 'c', 'e', 'b', 'a']);
    const few = new PagedNode('few', ['a', 'b']);

    expect(await find([full, few], { limit: 2 })).toEqual({ names: ['a b', 'a b'], isTruncated: true });
    expect(full.asked.at(-1)?.resources).toEqual(['a']);
    expect(few.asked).toHaveLength(1);
  });

  it('keeps those of the look before, though there are more than the limit now', async () => {
    const node = new PagedNode('a', ['a', 'b', 'z']);

    expect(await find([node], { limit: 2 }, ['z'])).toEqual({ names: ['a z'], isTruncated: true });
  });

  it('lets no keys of other programs take the place of locks, however many there are', async () => {
    const foreign = (resource: string): ListedHold => ({ ...hold(resource, ''), foreignType: 'hash' });
    const holds = [...['a', 'b', 'c', 'd', 'e'].map(foreign), hold('y'), hold('z')];
    const node: ListedNode = { name: 'shared', list: () => Promise.resolve({ holds }) };

    expect(await find([node], { limit: 2 })).toEqual({ names: ['y z'], isTruncated: true });
    expect(await find([node], { limit: 3 })).toEqual({ names: ['a y z'], isTruncated: true });
    expect(await find([node], { limit: 7 })).toEqual({ names: ['a b c d e y z'], isTruncated: false });
  });

  it('stops after so many parts, and says that not all was looked at', async () => {
    const node = new PagedNode('a', ['a', 'b', 'c', 'd', 'e']);

    expect(await find([node], { mostParts: 1 })).toEqual({ names: ['a b'], isTruncated: true });
    expect(node.asked).toHaveLength(1);
  });

  it('tells why a node has no part in it', async () => {
    const without = { name: 'old' };
    const refusing = { name: 'bad', list: () => Promise.reject(new Error('NOPERM')) };
    const rounds = { name: 'round', list: () => Promise.resolve({ holds: [], next: '7' }) };

    expect(await find([without, refusing, rounds])).toEqual({
      names: [
        'the node cannot list what it has',
        'NOPERM',
        'the list of the node does not end, since the node repeats a part of it',
      ],
      isTruncated: false,
    });
  });

  it('waits for no part longer than the timeout', async () => {
    const clock = new VirtualClock();
    const silent = { name: 'silent', list: () => new Promise<never>(() => undefined) };
    const found = watch(findLocks({ nodes: [silent], clock, timeoutMs: 500 }, { pattern: '*', limit: 1 }));

    await clock.advance(500);
    await settle();

    expect(found.value?.answers).toEqual([{ node: 'silent', error: new Error('no answer within 500 ms') }]);
  });

  it('leaves out what is no lock', async () => {
    const node = {
      name: 'a',
      list: () => Promise.resolve({ holds: [hold('x'), hold('y', ''), hold('lock:#fence:7', '17')] }),
    };

    expect(await find([node])).toMatchObject({ names: ['x'] });
  });
});
