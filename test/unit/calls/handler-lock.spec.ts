import { AsyncResource } from 'node:async_hooks';
import { createLockService, LockLostError, MemoryLockNode, type Lock, type LockService } from '../../../lib';
import { Caller } from '../../../lib/calls/caller';
import { HandlerWork } from '../../../lib/calls/handler-work';
import { handlerLockFor, runHandler } from '../../../lib/calls/handler-lock';
import { fillLockParameters } from '../../../lib/nest/decorators/lock-parameters';

const parameter = { index: 0, wants: 'lock', resource: undefined, connection: undefined } as const;

const around = (lock: Lock) => ({
  ...{ lock, connection: undefined, caller: new Caller() },
  work: new HandlerWork(undefined, 'stop', undefined),
});

describe('the lock around a handler', () => {
  let locks: LockService;

  beforeEach(() => {
    locks = createLockService({ nodes: [new MemoryLockNode()] });
  });

  afterEach(() => locks.close());

  it('is there while it is held, and not for code that outlives the handler', async () => {
    const lock = await locks.acquire('order:7');
    const look = runHandler(around(lock), undefined, () =>
      AsyncResource.bind(() => handlerLockFor(parameter)?.lock),
    );

    expect(look()?.ownerToken).toBe(lock.ownerToken);
    await lock.release();

    expect(look()).toBeUndefined();
  });

  it('is there when it was lost, so that the handler gets the signal that has aborted', async () => {
    const lock = await locks.acquire('order:7');
    const look = runHandler(around(lock), undefined, () =>
      AsyncResource.bind(() => handlerLockFor(parameter)?.lock),
    );

    await locks.forceRelease('order:7');
    await expect(lock.extend()).rejects.toThrow(LockLostError);

    expect(look()?.ownerToken).toBe(lock.ownerToken);
    expect(look()?.signal.aborted).toBe(true);
  });
});

describe('a lock parameter', () => {
  it('keeps what the caller passed where a stand-in for the service gives no lock', () => {
    expect(
      fillLockParameters(['mine'], [parameter], {
        lock: undefined,
        connection: undefined,
        caller: undefined,
      }),
    ).toEqual(['mine']);
  });
});
