import { lastValueFrom, NEVER } from 'rxjs';
import { LockLostError, type Lock } from '../../../lib';
import type { LockedCall } from '../../../lib/utils/locked-call';
import { lockedGenerator } from '../../../lib/utils/locked-generator';
import { lockedObservable } from '../../../lib/utils/locked-observable';

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
