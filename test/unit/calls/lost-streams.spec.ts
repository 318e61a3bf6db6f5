import { lastValueFrom, NEVER, of, throwError } from 'rxjs';
import { LockLostError, type Lock } from '../../../lib';
import type { LockedCall } from '../../../lib/calls/locked-call';
import { lockedGenerator } from '../../../lib/calls/locked-generator';
import { lockedObservable } from '../../../lib/calls/locked-observable';
import { lockedPromise } from '../../../lib/calls/locked-promise';

describe('a stream whose lock is lost before it begins', () => {
  const reason = new LockLostError({ resources: ['order:7'], reason: 'expired' });
  const lock = { resources: ['order:7'], signal: AbortSignal.abort(reason) } as unknown as Lock;
  const call: LockedCall = {
    withLock: (task) => task(lock),
    reenter: () => call,
    onBusy: 'throw',
    onLost: 'throw',
    whenLeft: 'stop',
  };

  it('fails, though its source would be silent for ever', async () => {
    await expect(lastValueFrom(lockedObservable(call, () => NEVER))).rejects.toBe(reason);
  });

  it('does not run a part of a generator', async () => {
    const body = jest.fn();
    const generator = lockedGenerator(call, async function* () {
      body();
      yield await Promise.resolve(1);
    });

    await expect(generator.next()).rejects.toBe(reason);

    expect(body).not.toHaveBeenCalled();
  });
});

describe('a stream whose lock is over at its end, while something goes on under it', () => {
  const reason = new LockLostError({ resources: ['order:7'], reason: 'released' });
  const holdUntil = () => {
    throw reason;
  };
  const lock = { signal: new AbortController().signal, isHeld: false, holdUntil } as unknown as Lock;
  const call: LockedCall = {
    withLock: (task) => task(lock),
    reenter: () => call,
    onBusy: 'throw',
    onLost: 'throw',
    whenLeft: 'stop',
    goesOn: () => Promise.resolve(),
  };

  it('comes to its own end', async () => {
    await expect(lastValueFrom(lockedObservable(call, () => of(1)))).resolves.toBe(1);
    await expect(lockedPromise(call, () => 1)).resolves.toBe(1);
  });

  it('fails with its own error', async () => {
    const failing = () => throwError(() => new Error('mine'));

    await expect(lastValueFrom(lockedObservable(call, failing))).rejects.toThrow('mine');
  });
});

describe('a stream whose lock is lost at the moment at which it ends', () => {
  const reason = new LockLostError({ resources: ['order:7'], reason: 'expired' });
  const lock = { resources: ['order:7'], signal: new AbortController().signal } as unknown as Lock;
  const call: LockedCall = {
    withLock: async (task) => {
      await task(lock);
      throw reason;
    },
    reenter: () => call,
    onBusy: 'throw',
    onLost: 'throw',
    whenLeft: 'stop',
  };
  const counting = () =>
    lockedGenerator(call, async function* () {
      yield await Promise.resolve(1);
      yield 2;
    });

  it('is left without an error by who returns early: what it got so far is all that it wants', async () => {
    const generator = counting();
    await generator.next();

    await expect(generator.return('enough')).resolves.toEqual({ done: true, value: 'enough' });
  });

  it('gives who throws into it that error, and not the loss', async () => {
    const generator = counting();
    await generator.next();

    await expect(generator.throw(new Error('mine'))).rejects.toThrow('mine');
  });

  it('fails for who reads it to its end', async () => {
    const generator = counting();
    await generator.next();
    await generator.next();

    await expect(generator.next()).rejects.toBe(reason);
  });
});
