import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLockService, type LockEvent, type LockService } from '../../lib';
import { networkForEachTest } from '../helpers/network';
import { until } from '../helpers/until';
import { untilAllAnswer } from '../helpers/until-all-answer';
import { untilWaitedFor } from '../helpers/listening';

const { servers, services } = networkForEachTest();

interface Request {
  readonly user: string;
}
/** The application's own context: user, trace, and whatever else belongs to one request. */
const request = new AsyncLocalStorage<Request>();

async function service(): Promise<LockService> {
  const one = createLockService({ nodes: servers.map(({ url }) => url), shutdownTimeout: 100 });
  services.push(one);
  await untilAllAnswer(one);
  return one;
}

/** A request of Alice, which holds `a`, and holds and extends `b` in it for a while, until it is ended. */
function alice(locks: LockService) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let begun = (): void => undefined;
  const isInside = new Promise<void>((resolve) => (begun = resolve));
  const done = request.run({ user: 'alice' }, () =>
    locks.withLock('a', () =>
      locks.withLock('b', { ttl: 1_000 }, async () => {
        begun();
        await ended;
      }),
    ),
  );
  return { isInside, end: () => (end(), done) };
}

describe('the async context of a request', () => {
  it('is not that in which the loss of somebody else’s lock is told, and lets nobody into its lock', async () => {
    const locks = await service();
    const first = alice(locks);
    await first.isInside;
    // Long enough for the timer that looks after all locks to be set once by her.
    await sleep(400);

    const told = new Promise<object>((resolve) => {
      request.run({ user: 'bob' }, () => {
        void locks.acquire('c', { maxHold: 150 }).then((lock) => {
          lock.signal.addEventListener('abort', () => {
            const enter = locks.withLock('a', { wait: 0 }, () => 'entered');
            const facts = { user: request.getStore()?.user, current: locks.current() };
            void enter
              .catch((error: unknown) => error)
              .then((came) => {
                resolve({ ...facts, came });
              });
          });
        });
      });
    });

    expect(await told).toMatchObject({
      user: 'bob',
      current: undefined,
      came: { code: 'LOCK_BUSY' },
    });
    await first.end();
  });

  it('is not that in which a subscriber hears of events', async () => {
    const locks = await service();
    const heard: { type: LockEvent['type']; user: string | undefined; resources: string[] | undefined }[] =
      [];
    request.run({ user: 'subscriber' }, () => {
      locks.events$.subscribe(({ type }) => {
        const resources = locks.current()?.resources;
        heard.push({ type, user: request.getStore()?.user, resources: resources && [...resources] });
      });
    });

    const first = alice(locks);
    await first.isInside;
    await until('an extension', () => heard.some(({ type }) => type === 'extended'));
    await first.end();

    expect(heard.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['acquired', 'extended', 'released']),
    );
    expect(new Set(heard.map(({ user }) => user))).toEqual(new Set(['subscriber']));
    expect(heard.every(({ resources }) => resources === undefined)).toBe(true);
  });

  it('ends with the request, also when it was the first to lock, to wait and to be extended', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const [locks, others] = [await service(), await service()];
    const held = await others.acquire('a');
    const refs = await (async () => {
      const requests = Array.from({ length: 3 }, (_, i): Request => ({ user: `user ${i}` }));
      const done = Promise.all(
        requests.map((one) =>
          request.run(one, () =>
            locks.withLock('a', { wait: 20_000, ttl: 1_000 }, async () => {
              await sleep(one.user === 'user 0' ? 450 : 0);
            }),
          ),
        ),
      );
      await untilWaitedFor(servers, 'a');
      await held.release();
      await done;
      return requests.map((one) => new WeakRef(one));
    })();
    // Keeps the timer that looks after all locks; collecting may block the event loop for long.
    const other = await locks.acquire('b', { ttl: 60_000 });

    await until('nothing keeps the requests', () => {
      collect();
      return refs.every((ref) => ref.deref() === undefined);
    });

    expect(other.isHeld).toBe(true);
  });
});
