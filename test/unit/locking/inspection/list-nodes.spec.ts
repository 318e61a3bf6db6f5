import { LockOptionsError } from '../../../../lib/errors/lock-options.error';
import type { ListOptions } from '../../../../lib/locking/api/lock-listing.interface';
import { Fleet } from '../../../helpers/fleet';

describe('list', () => {
  it('tells who holds what, for how long, on how many nodes, and how many wait', async () => {
    const fleet = new Fleet(3);
    const { service } = fleet.process();
    await service.acquire('order:1', { label: 'import', autoExtend: false, ttl: 8_000 });
    await service.acquire('bill:1');
    await fleet.node(2).steal('order:1');
    void fleet
      .process()
      .service.acquire('order:1', { wait: 60_000 })
      .catch(() => undefined);
    await fleet.clock.advance(1_000);

    const { locks, isTruncated, nodes } = await service.list({ pattern: 'order:*' });

    expect(isTruncated).toBe(false);
    expect(locks).toEqual([
      {
        resource: 'order:1',
        state: 'held',
        holder: expect.objectContaining({ host: 'test', pid: 1, label: 'import' }) as unknown,
        ttlMs: 7_000,
        nodeCount: 2,
        waiting: 1,
        owners: [expect.objectContaining({ node: 'a' }), expect.objectContaining({ node: 'b' })],
      },
    ]);
    expect(nodes).toEqual(
      ['a', 'b', 'c'].map((node) => ({
        ...{ node, status: 'up', guarded: undefined, refusal: undefined },
        pace: { roundTripMs: 0, clockAheadMs: 0 },
      })),
    );
  });

  it('tells which nodes did not answer, and judges without them', async () => {
    const fleet = new Fleet(3);
    const { service } = fleet.process();
    await service.acquire('order:1');
    fleet.node(0).refuse();

    const { locks, nodes } = await service.list();

    expect(locks).toMatchObject([{ state: 'held', nodeCount: 2 }]);
    expect(nodes.map(({ status, error }) => [status, error?.message])).toEqual([
      ['down', 'refused'],
      ['up', undefined],
      ['up', undefined],
    ]);
  });

  it.each<[unknown, string]>([
    [{ limit: 0 }, 'limit'],
    [{ limit: 10_001 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ pattern: '' }, 'pattern'],
    [{ pattern: 7 }, 'pattern'],
    [{ pattern: 'x'.repeat(1_001) }, 'pattern'],
    [{ cursor: 'x' }, 'cursor'],
    ['order:*', 'options'],
  ])('refuses %j', async (options, option) => {
    const { service } = new Fleet(1).process();

    const error = await service.list(options as ListOptions).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(LockOptionsError);
    expect((error as LockOptionsError).option).toBe(option);
  });
});
