import {
  createLockService,
  LockBusyError,
  LockLostError,
  type LockOptions,
  LockService,
  MemoryLockNode,
} from '../../../lib';
import { createTestingLockService } from '../../../lib/testing/create-testing-lock-service';
import { askUntilTheProcessGoesOn } from '../../helpers/ask-without-a-pause';
import { loseLock } from '../../helpers/lose-lock';

let locks: LockService;
/** They are closed after a test that fails too. Else their locks are extended for ever, and the process does not end. */
let opened: LockService[];

beforeEach(() => {
  opened = [];
  locks = open(createLockService({ nodes: [new MemoryLockNode()] }));
});

afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(opened.map((service) => service.close()));
});

function open(service: LockService): LockService {
  opened.push(service);
  return service;
}

/** Every way to ask for a lock that another caller of the process holds, and to be told so at once. */
const BUSY: [string, LockOptions, (locks: LockService) => Promise<unknown>][] = [
  ['acquire without waiting', {}, (asked) => asked.acquire('order:7', { wait: 0 })],
  ['tryAcquire', {}, (asked) => asked.tryAcquire('order:7')],
  ['withLock without waiting', {}, (asked) => asked.withLock('order:7', { wait: 0 }, () => 'done')],
  [
    'withLock that skips',
    {},
    (asked) => asked.withLock('order:7', { wait: 0, onBusy: 'skip' }, () => 'done'),
  ],
  ['a caller too many', {}, (asked) => asked.acquire('order:7', { maxWaiting: 0 })],
  ['a reader behind a writer', {}, (asked) => asked.acquire('order:7', { mode: 'shared', wait: 0 })],
  ['one permit too many', { limit: 1 }, (asked) => asked.acquire('order:7', { limit: 1, wait: 0 })],
  ['a fair call', {}, (asked) => asked.acquire('order:7', { fair: true, wait: 0 })],
  ['isLocked', {}, (asked) => asked.isLocked('order:7')],
];

describe('a call that is repeated without a pause while its process has the lock lets the holder go on', () => {
  it.each(BUSY)('%s', async (_, heldWith, ask) => {
    const lock = await locks.acquire('order:7', heldWith);

    await askUntilTheProcessGoesOn(() => ask(locks));

    await lock.release();
  });

  it.each(BUSY)('%s, on the nodes of a test under fake timers', async (_, heldWith, ask) => {
    jest.useFakeTimers();
    const tested = open(createTestingLockService({ nodes: [] }));
    const lock = await tested.acquire('order:7', heldWith);

    await askUntilTheProcessGoesOn(() => ask(tested));

    await lock.release();
  });

  it('a call that gets its reason from a signal which has aborted', async () => {
    const signal = AbortSignal.abort(new Error('shutting down'));

    expect(await askUntilTheProcessGoesOn(() => locks.acquire('order:7', { signal }))).toBe(signal.reason);
    expect(await askUntilTheProcessGoesOn(() => locks.ready({ signal }))).toBe(signal.reason);
  });
});

describe('a call of a lock that is over, repeated without a pause, lets the process go on', () => {
  it.each(['extend', 'detach'] as const)('%s', async (call) => {
    const lock = await locks.acquire('order:7');
    await lock.release();

    expect(await askUntilTheProcessGoesOn(() => lock[call]())).toBeInstanceOf(LockLostError);
  });

  it('release', async () => {
    const lock = await locks.acquire('order:7');
    await lock.release();

    expect(await askUntilTheProcessGoesOn(() => lock.release())).toBe('released');
  });

  it('release, while the lock is kept for a promise', async () => {
    const lock = await locks.acquire('order:7');
    const commit: { finish?: () => void } = {};
    lock.holdUntil(new Promise<void>((resolve) => (commit.finish = resolve)));
    await lock.release();

    expect(await askUntilTheProcessGoesOn(() => lock.release())).toBe('deferred');

    commit.finish?.();
    await new Promise(setImmediate);
    expect(await lock.release()).toBe('released');
  });

  it('withLock within a unit of work whose lock was lost', async () => {
    const node = new MemoryLockNode();
    const asked = open(createLockService({ nodes: [node] }));
    const unit = asked.holdUntilDone(async () => {
      await asked.withLock('order:7', () => loseLock(asked)).catch(() => undefined);
      return askUntilTheProcessGoesOn(() => asked.withLock('order:7', () => 'done'));
    });

    expect(await unit).toBeInstanceOf(LockLostError);
  });
});

it('run of an election in which another process leads, repeated without a pause, lets the process go on', async () => {
  const node = new MemoryLockNode();
  const leader = open(createLockService({ nodes: [node] }));
  const other = open(createLockService({ nodes: [node] }));
  const lock = await leader.acquire('jobs');
  const election = other.election('jobs');

  await askUntilTheProcessGoesOn(() => election.run(() => 'done'));

  await lock.release();
});

it('an error of a busy lock still says who holds it', async () => {
  const lock = await locks.acquire('order:7', { label: 'import 17' });

  await expect(locks.acquire('order:7', { wait: 0 })).rejects.toThrow(LockBusyError);
  await expect(locks.acquire('order:7', { wait: 0 })).rejects.toMatchObject({
    holder: { label: 'import 17' },
  });
  await lock.release();
});
