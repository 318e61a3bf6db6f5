import type { LockNode } from '../../lib/ports/lock-node.interface';
import type { ListedHold, ListRequest } from '../../lib/ports/node-listing.interface';
import { acquire } from '../helpers/ask-node';
import { until } from '../helpers/until';
import type { ContentionTraits } from './contention.contract';

/** What a node must do that lists what it has. */
export function itKeepsTheContractOfListing(
  node: () => LockNode,
  { isOneServer = true }: Pick<ContentionTraits, 'isOneServer'>,
): void {
  async function listed(request: ListRequest): Promise<ListedHold[]> {
    const holds: ListedHold[] = [];
    let from: string | undefined;
    do {
      const part = await node().list?.({ ...request, from });
      holds.push(...(part?.holds ?? []));
      from = part?.next;
    } while (from !== undefined);
    return [...new Map(holds.map((hold) => [hold.resource, hold])).values()];
  }

  async function namesLike(pattern: string): Promise<string[]> {
    return (await listed({ pattern })).map(({ resource }) => resource).sort();
  }

  describe('list', () => {
    it('tells every hold with its owner and ttl, a part after the other', async () => {
      const names = Array.from({ length: 1_200 }, (_, at) => `many:${at}`);
      for (let at = 0; at < names.length; at += 300) {
        await acquire(node(), names.slice(at, at + 300), { ownerToken: `owner-${at}`, ttlMs: 60_000 });
      }

      const holds = await listed({ pattern: '*' });

      expect(holds.map(({ resource }) => resource).sort()).toEqual([...names].sort());
      expect(holds.find(({ resource }) => resource === 'many:650')).toMatchObject({
        ownerToken: 'owner-600',
      });
      expect(holds.every(({ ttlMs }) => ttlMs > 0 && ttlMs <= 60_000)).toBe(true);
    });

    it.each([
      ['a*', ['a', 'a*b', 'ab', 'a[b]', 'abc']],
      ['a?', ['ab']],
      ['a\\*b', ['a*b']],
      ['a[bx]', ['ab']],
      ['a[^x-z]', ['ab']],
      ['*b*c', ['abc']],
      ['a\\[b\\]', ['a[b]']],
      ['none', []],
    ])('narrows by %s', async (pattern, expected) => {
      for (const name of ['a', 'ab', 'abc', 'a*b', 'a[b]', 'xa'])
        await acquire(node(), name, { ownerToken: name });

      expect(await namesLike(pattern)).toEqual([...expected].sort());
    });

    it('tells of single resources, whatever the pattern, and nothing of those that are free', async () => {
      await acquire(node(), ['a', 'b'], { ownerToken: 'anna' });

      const part = await node().list?.({ pattern: 'x', resources: ['a', 'free', 'b'] });

      expect(part?.next).toBeUndefined();
      expect(part?.holds.map(({ resource, ownerToken }) => [resource, ownerToken])).toEqual([
        ['a', 'anna'],
        ['b', 'anna'],
      ]);
    });

    it('keeps fencing counters out of the way of the locks', async () => {
      const fence = { proposal: 1, skewMicros: 1, keepMs: 60_000 };
      await acquire(node(), 'order:1', { ownerToken: 'anna', fence });

      expect(await namesLike('*')).toEqual(['order:1']);
    });

    it('tells how fast it answers, and how far its clock is from ours', async () => {
      const part = await node().list?.({ pattern: '*' });

      expect(part?.pace?.roundTripMs).toBeGreaterThanOrEqual(0);
      expect(Math.abs(part?.pace?.clockAheadMs ?? NaN)).toBeLessThan(5_000);
    });

    if (isOneServer) {
      it('tells how many wait', async () => {
        await acquire(node(), ['order:1', 'order:2'], { ownerToken: 'anna' });
        const waiters = [1, 2].map(() => node().onReleased('order:1', () => undefined));
        const waitingFor = async () =>
          Object.fromEntries(
            (await listed({ pattern: '*' })).map(({ resource, waiting }) => [resource, waiting]),
          );
        await until(
          'it is known that somebody waits',
          async () => ((await waitingFor())['order:1'] ?? 0) > 0,
        );

        expect(await waitingFor()).toMatchObject({ 'order:2': 0 });
        for (const waiter of waiters) waiter.stop();
      });
    }

    it('rejects when it is closed', async () => {
      await node().close();

      await expect(node().list?.({ pattern: '*' })).rejects.toThrow('closed');
    });
  });
}
