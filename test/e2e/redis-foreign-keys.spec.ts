import { createLockService, type LockBusyError } from '../../lib';
import { networkForEachTest } from '../helpers/network';
import { untilAllAnswer } from '../helpers/until-all-answer';

const { servers, services } = networkForEachTest();

async function service() {
  const one = createLockService({ nodes: servers.map(({ url }) => url), shutdownTimeout: 0 });
  services.push(one);
  await untilAllAnswer(one);
  return one;
}

/** Waits in vain for `order:7`, after `command` was given to so many of the three servers. */
async function inVain(count: number, ...command: [string, ...string[]]): Promise<LockBusyError> {
  const locks = await service();
  await Promise.all(servers.slice(0, count).map((server) => server.command(...command)));
  return locks.acquire('order:7', { wait: 300 }).then(
    () => Promise.reject(new Error('it was free')),
    (error: unknown) => error as LockBusyError,
  );
}

describe('a key of another program in the place of a lock', () => {
  it.each<[string, [string, ...string[]]]>([
    ['a value', ['SET', 'lock:order:7', 'by hand']],
    ['a hash', ['HSET', 'lock:order:7', 'a', '1']],
  ])('is said to be none of ours when it is %s without an expiry', async (_, command) => {
    const error = await inVain(3, ...command);

    expect(error).toMatchObject({ code: 'LOCK_BUSY', neverExpires: true });
    expect(error.message).toMatch(/a key without an expiry, which is no lock of this library/);
    expect(error.message).toMatch(/release --force/);
    expect(error.message).not.toMatch(/longer `wait`/);
  });

  it('may be waited for when it expires', async () => {
    const error = await inVain(3, 'SET', 'lock:order:7', 'other client', 'PX', '30000');

    expect(error).toMatchObject({ code: 'LOCK_BUSY', neverExpires: false });
    expect(error.message).toMatch(/longer `wait`/);
  });

  it('is in nobody’s way on a minority of the nodes', async () => {
    await expect(inVain(1, 'SET', 'lock:order:7', 'by hand')).rejects.toThrow('it was free');
  });
});
