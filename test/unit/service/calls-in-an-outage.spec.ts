import { createLockService, LockService, LockUnavailableError, MemoryLockNode } from '../../../lib';
import { askUntilTheProcessGoesOn } from '../../helpers/ask-without-a-pause';

/** A node that can be cut off. Then it refuses at once, as a node that is not connected. */
class Node extends MemoryLockNode {
  isUp = true;

  override acquire(...args: Parameters<MemoryLockNode['acquire']>): void {
    this.throwIfDown();
    super.acquire(...args);
  }

  override extend(...args: Parameters<MemoryLockNode['extend']>): void {
    this.throwIfDown();
    super.extend(...args);
  }

  override inspect(...args: Parameters<MemoryLockNode['inspect']>): ReturnType<MemoryLockNode['inspect']> {
    this.throwIfDown();
    return super.inspect(...args);
  }

  override list(...args: Parameters<MemoryLockNode['list']>): ReturnType<MemoryLockNode['list']> {
    this.throwIfDown();
    return super.list(...args);
  }

  private throwIfDown(): void {
    if (!this.isUp) throw new Error('not connected');
  }
}

let node: Node;
let locks: LockService;

beforeEach(() => {
  node = new Node();
  locks = createLockService({ nodes: [node] });
});

afterEach(() => locks.close());

describe('a call that is repeated without a pause while no node answers lets the process go on', () => {
  it.each([
    ['acquire', () => locks.acquire('order:7', { outageWait: 0 })],
    ['acquire without waiting', () => locks.acquire('order:7', { wait: 0 })],
    [
      'acquire until a signal',
      () => locks.acquire('order:7', { wait: 0, signal: new AbortController().signal }),
    ],
    ['acquire of readers', () => locks.acquire('order:7', { mode: 'shared', outageWait: 0 })],
    ['acquire of permits', () => locks.acquire('order:7', { limit: 2, outageWait: 0 })],
    ['tryAcquire', () => locks.tryAcquire('order:7')],
    ['withLock', () => locks.withLock('order:7', { wait: 0 }, () => 'done')],
    ['ready', () => locks.ready({ wait: 0 })],
    ['forceRelease', () => locks.forceRelease('order:7')],
  ])('%s', async (_, ask) => {
    node.isUp = false;

    expect(await askUntilTheProcessGoesOn(ask)).toBeInstanceOf(LockUnavailableError);
  });

  it('inspect', async () => {
    node.isUp = false;

    expect(await askUntilTheProcessGoesOn(() => locks.inspect('order:7'))).toMatchObject({
      state: 'unknown',
    });
  });

  it('list', async () => {
    node.isUp = false;

    expect(await askUntilTheProcessGoesOn(() => locks.list())).toMatchObject({ locks: [] });
  });

  it('extend', async () => {
    const lock = await locks.acquire('order:7', { ttl: 60_000, autoExtend: false });
    node.isUp = false;

    expect(await askUntilTheProcessGoesOn(() => lock.extend())).toBeInstanceOf(LockUnavailableError);
    node.isUp = true;
    await lock.release();
  });

  it('resume', async () => {
    const lock = await locks.acquire('order:7', { ttl: 60_000 });
    const ticket = await lock.detach();
    node.isUp = false;

    const answer = await askUntilTheProcessGoesOn(() => locks.resume(ticket, { wait: 0 }));

    expect(answer).toBeInstanceOf(LockUnavailableError);
  });
});

describe('a call that is repeated without a pause lets the process end after its lock service is closed', () => {
  it.each([
    ['acquire', () => locks.acquire('order:7')],
    ['tryAcquire', () => locks.tryAcquire('order:7')],
    ['ready', () => locks.ready()],
  ])('%s', async (_, ask) => {
    await locks.close();

    expect(await askUntilTheProcessGoesOn(ask)).toBeInstanceOf(LockUnavailableError);
  });
});
