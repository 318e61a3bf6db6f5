import { checkRedlockOptions } from '../../../lib/service/check-redlock-options';
import { createLockService } from '../../../lib/service/create-lock-service';
import { LockOptionsError } from '../../../lib/errors/lock-options.error';
import type { RedlockOptions } from '../../../lib/service/redlock-options.interface';
import { describeOwner } from '../../../lib/locking/api/owner-token';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';

const nodes = (count: number) => Array.from({ length: count }, () => new MemoryLockNode());

function errorOf(options: unknown): LockOptionsError {
  try {
    createLockService(options as RedlockOptions);
  } catch (error) {
    if (error instanceof LockOptionsError) return error;
    throw error;
  }
  throw new Error('the options were taken');
}

describe('createLockService', () => {
  it('locks and unlocks on the given nodes', async () => {
    const given = nodes(3);
    const service = createLockService({ nodes: given });

    const held = await service.withLock('order:7', () =>
      Promise.all(given.map((node) => node.inspect('order:7'))),
    );

    expect(held.map((hold) => hold !== null)).toEqual([true, true, true]);
    expect(await given[0]?.inspect('order:7')).toBeNull();
    await service.close();
  });

  it('says in the owner token which process holds', async () => {
    const service = createLockService({ nodes: nodes(1) });

    await using lock = await service.acquire('order:7');

    expect(describeOwner(lock.ownerToken)).toMatchObject({
      pid: process.pid,
      host: expect.any(String) as string,
      serviceId: expect.stringMatching(/^[\w-]{4}$/) as string,
    });
  });

  it('takes the defaults of the module for what a call does not say', async () => {
    const service = createLockService({ nodes: nodes(1), defaults: { ttl: 1_000 } });

    await using lock = await service.acquire('order:7');

    expect(lock.remainingMs).toBeLessThanOrEqual(988);
  });

  it('gives fencing tokens to those who ask, and to all where the defaults say so', async () => {
    const some = createLockService({ nodes: nodes(3) });
    const all = createLockService({ nodes: nodes(3), defaults: { fencing: true } });

    await using asked = await some.acquire('a', { fencing: true });
    await using notAsked = await some.acquire('b');
    await using byDefault = await all.acquire('a');
    await using declined = await all.acquire('b', { fencing: false });

    expect(asked.fencingToken).toBeGreaterThan(0);
    expect(byDefault.fencingToken).toBeGreaterThan(0);
    expect([notAsked.fencingToken, declined.fencingToken]).toEqual([undefined, undefined]);
  });

  it('takes fencingTtl and a quarter of maxTtl for the counters', () => {
    const { fencing } = checkRedlockOptions({ nodes: [], maxTtl: 20_000, fencingTtl: 40_000 });

    expect(fencing).toEqual({ skewMs: 5_000, keepMs: 40_000 });
    expect(checkRedlockOptions({ nodes: [] }).fencing).toEqual({ skewMs: 15_000, keepMs: 86_400_000 });
    // Twice of maxTtl at least, since a counter must outlive its hold.
    const { keepMs } = checkRedlockOptions({ nodes: [], maxTtl: 50_000_000 }).fencing;
    expect(keepMs).toBe(100_000_000);
  });

  it.each(['observed', 'strict', false] as const)('takes a restart guard of %p', (restartGuard) => {
    expect(checkRedlockOptions({ nodes: [], restartGuard }).restartGuard).toBe(restartGuard);
    expect(checkRedlockOptions({ nodes: [] }).restartGuard).toBe('observed');
  });

  it('lets clocks of nodes get ahead by what the default ttl has room for', () => {
    expect(checkRedlockOptions({ nodes: [] }).clockBudgetMs).toBe(102);
    expect(checkRedlockOptions({ nodes: [], defaults: { ttl: 2_000 } }).clockBudgetMs).toBe(22);
  });

  it('does not close the nodes that it was given', async () => {
    const [node] = nodes(1) as [MemoryLockNode];

    await createLockService({ nodes: [node] }).close();

    expect(node.status).toBe('up');
  });

  it.each([
    ['no options', undefined, 'options'],
    ['null', null, 'options'],
    ['an unknown name', { nodes: nodes(1), retryCount: 3 }, 'retryCount'],
    ['no nodes', {}, 'nodes'],
    ['zero nodes', { nodes: [] }, 'nodes'],
    ['sixteen nodes', { nodes: nodes(16) }, 'nodes'],
    ['nodes that are no array', { nodes: 'redis://a' }, 'nodes'],
    ['nodes with a hole', { nodes: [...nodes(1), ...new Array<undefined>(1)] }, 'nodes[1]'],
    ['half of a LockNode', { nodes: [{ name: 'mine', acquire: () => undefined }] }, 'nodes[0]'],
    [
      'a LockNode without a name',
      { nodes: [Object.create(new MemoryLockNode(), { name: { value: undefined } }) as unknown] },
      'nodes[0]',
    ],
    ['a key prefix that is no string', { nodes: nodes(1), keyPrefix: 1 }, 'keyPrefix'],
    ['a key prefix with half of a pair', { nodes: nodes(1), keyPrefix: 'a\ud83d:' }, 'keyPrefix'],
    ['an exception filter that is a word', { nodes: nodes(1), exceptionFilter: 'yes' }, 'exceptionFilter'],
    ['a node timeout of 0', { nodes: nodes(1), nodeTimeout: 0 }, 'nodeTimeout'],
    ['a node timeout of null', { nodes: nodes(1), nodeTimeout: null }, 'nodeTimeout'],
    ['a fractional maxTtl', { nodes: nodes(1), maxTtl: 1.5 }, 'maxTtl'],
    ['counters that are forgotten too early', { nodes: nodes(1), fencingTtl: 119_999 }, 'fencingTtl'],
    ['counters for ever', { nodes: nodes(1), fencingTtl: Infinity }, 'fencingTtl'],
    ['counters of null', { nodes: nodes(1), fencingTtl: null }, 'fencingTtl'],
    ['a restart guard of true', { nodes: nodes(1), restartGuard: true }, 'restartGuard'],
    ['a restart guard with another name', { nodes: nodes(1), restartGuard: 'Observed' }, 'restartGuard'],
    ['a restart guard of null', { nodes: nodes(1), restartGuard: null }, 'restartGuard'],
    ['a default fencing of 1', { nodes: nodes(1), defaults: { fencing: 1 } }, 'defaults.fencing'],
    ['an endless shutdown timeout', { nodes: nodes(1), shutdownTimeout: Infinity }, 'shutdownTimeout'],
    ['defaults that are no object', { nodes: nodes(1), defaults: 5 }, 'defaults'],
    ['an unknown default', { nodes: nodes(1), defaults: { tll: 5 } }, 'defaults.tll'],
    ['a wrong default', { nodes: nodes(1), defaults: { wait: -1 } }, 'defaults.wait'],
    ['a default of null', { nodes: nodes(1), defaults: { wait: null } }, 'defaults.wait'],
    [
      'a signal for all calls',
      { nodes: nodes(1), defaults: { signal: AbortSignal.abort() } },
      'defaults.signal',
    ],
    [
      'a default ttl below nodeTimeout',
      { nodes: nodes(1), nodeTimeout: 900, defaults: { ttl: 900 } },
      'defaults.ttl',
    ],
    ['a maxTtl below the default ttl', { nodes: nodes(1), maxTtl: 9_999 }, 'defaults.ttl'],
    [
      'defaults that do not go together',
      { nodes: nodes(1), defaults: { holdAtLeast: 9, maxHold: 8 } },
      'defaults.holdAtLeast',
    ],
  ])('refuses %s and names the option', (_, options, option) => {
    expect(errorOf(options)).toMatchObject({ option, code: 'LOCK_OPTIONS_INVALID' });
  });

  it('refuses the same node twice, which would grant a majority alone', () => {
    const [a, b] = nodes(2) as [MemoryLockNode, MemoryLockNode];

    expect(errorOf({ nodes: [a, b, a] })).toMatchObject({ option: 'nodes[2]' });
  });

  it.each([
    [1, 0],
    [2, 1],
    [3, 0],
    [4, 1],
  ])('with %i nodes warns %i times that an even number survives no more failures', async (count, times) => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

    await createLockService({ nodes: nodes(count) }).close();

    expect(
      emitWarning.mock.calls.filter(([, options]) => options?.code === 'REDLOCK_EVEN_NODES'),
    ).toHaveLength(times);
    emitWarning.mockRestore();
  });
});
