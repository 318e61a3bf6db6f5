import fc from 'fast-check';
import { createLockService } from '../../lib/service/create-lock-service';
import type { LockNode } from '../../lib/ports/lock-node.interface';
import type { RedlockOptions } from '../../lib/service/redlock-options.interface';
import type { LockService } from '../../lib/service/lock.service';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import { attempt, expectNamed, Tally } from '../helpers/named-error';
import { oddNode } from '../helpers/odd-node';
import { oddOptions, oddValue } from '../helpers/odd-values';
import { seeded } from '../helpers/seeded';

/** Nodes in this process vote at once, so however short the time is, they are never late. */
const NODE_TIMEOUT_MS = 2;

const SETTLED = ['released', 'expired', 'unknown'];

const places = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 });

function fleetOf(honest: number, odd: readonly LockNode[], order: readonly number[]) {
  const masters = Array.from({ length: honest }, () => new MemoryLockNode());
  const all = [...masters, ...odd];
  return { masters, nodes: order.map((position) => all[position] as LockNode) };
}

async function withService<T>(
  nodes: readonly LockNode[],
  use: (service: LockService) => Promise<T>,
): Promise<T> {
  const options = { restartGuard: false, nodeTimeout: NODE_TIMEOUT_MS, shutdownTimeout: 0 } as const;
  const service = createLockService({ ...options, nodes: [...nodes] });
  try {
    return await use(service);
  } finally {
    await service.close();
  }
}

async function errorOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    expectNamed(error);
    return error;
  }
  throw new Error('it was taken');
}

/** What is late or lost would come up now. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('nodes by others, which do anything but grant,', () => {
  it('make no lock when they are the majority, whatever they say, and every refusal has a name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(...Array.from({ length: 3 }, () => oddNode({ mayGrant: false }))),
        places,
        fc.boolean(),
        async (odd, order, fencing) => {
          const { nodes, masters } = fleetOf(2, odd, order);
          await withService(nodes, async (service) => {
            await errorOf(service.acquire('order:7', { wait: 0, fencing }));
            await errorOf(service.acquire(['order:7', 'a'], { wait: 4, fencing }));
            await errorOf(service.withLock('order:7', { wait: 0 }, () => 1));
            const { nodes: inspected } = await service.inspect('order:7');
            expect(inspected).toHaveLength(5);
          });
          await nextTurn();
          for (const master of masters) expect(await master.inspect('order:7')).toBeNull();
        },
      ),
      seeded(50),
    );
  });
});

describe('nodes by others, which do anything,', () => {
  it('take nothing away from the majority that keeps to the rules', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(...Array.from({ length: 2 }, () => oddNode({ mayGrant: true }))),
        places,
        async (odd, order) => {
          const { nodes, masters } = fleetOf(3, odd, order);
          await withService(nodes, async (service) => {
            const lock = await service.acquire('order:7');
            const next = service.acquire('order:7');
            await lock.extend();
            expect(lock.isHeld).toBe(true);
            expect(SETTLED).toContain(await lock.release());
            const second = await next;
            expect(second.isHeld).toBe(true);
            expect((await service.inspect('order:7')).nodes).toHaveLength(5);
            await service.forceRelease('order:7');
            await second.release();
            expect(await service.withLock('order:7', () => 1)).toBe(1);
          });
          await nextTurn();
          for (const master of masters) expect(await master.inspect('order:7')).toBeNull();
        },
      ),
      seeded(50),
    );
  });

  it('let a waiter of another service get the lock when it is released', async () => {
    await fc.assert(
      fc.asyncProperty(oddNode({ mayGrant: true }), async (odd) => {
        const masters = [new MemoryLockNode(), new MemoryLockNode()];
        await withService([...masters, odd], (mine) =>
          withService([...masters, odd], async (theirs) => {
            const lock = await mine.acquire('order:7');
            const next = theirs.acquire('order:7');
            await nextTurn();
            await lock.release();
            await (await next).release();
          }),
        );
      }),
      seeded(40),
    );
  });
});

describe('whatever is given as nodes', () => {
  const partial = fc
    .tuple(
      oddNode({ mayGrant: true }),
      fc.subarray([
        'acquire',
        'extend',
        'raiseFence',
        'release',
        'inspect',
        'onReleased',
        'onStatus',
        'name',
      ]),
      oddValue(),
    )
    .map(([node, missing, instead]) => {
      for (const name of missing) Object.defineProperty(node, name, { value: instead });
      return { node, isWhole: missing.length === 0 };
    });

  it('is a whole LockNode, or is refused by name', async () => {
    const tally = new Tally();
    await fc.assert(
      fc.asyncProperty(partial, async ({ node, isWhole }) => {
        let service: LockService | undefined;
        const isTaken = attempt(() => (service = createLockService({ nodes: [node], restartGuard: false })));
        tally.count(isTaken);
        if (isWhole) expect(isTaken).toBe(true);
        await service?.close();
      }),
      seeded(150),
    );
    tally.expectBoth();
  });

  it('as anything else is refused by name, before anything is opened', () => {
    const redisOptions = oddOptions({
      host: ['127.0.0.1'],
      port: [1],
      db: [0, 1],
      name: ['mymaster'],
      path: ['/tmp/redis.sock'],
      username: ['anna'],
      password: ['hunter2'],
      sentinels: [[{ host: '127.0.0.1', port: 1 }]],
    });
    const input = fc.oneof(oddValue(['name', 'acquire', 'duplicate', 'host', 'length', '0']), redisOptions);
    fc.assert(
      fc.property(fc.array(input, { maxLength: 3 }), (inputs) => {
        // The last is wrong, so nothing may be opened, and nothing is there to be closed.
        const nodes = [...inputs, 'http://a'];
        expect(attempt(() => createLockService({ nodes } as unknown as RedlockOptions))).toBe(false);
      }),
      seeded(150),
    );
    fc.assert(
      fc.property(oddValue(['length', '0']), (nodes) => {
        fc.pre(!Array.isArray(nodes) || nodes.length === 0);
        expect(attempt(() => createLockService({ nodes } as unknown as RedlockOptions))).toBe(false);
      }),
      seeded(150),
    );
  });
});
