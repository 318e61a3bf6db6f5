import { createLockService } from '../../lib';
import type { LockOptions } from '../../lib/locking/api/lock-options';
import { networkForEachTest } from '../helpers/network';
import { TcpProxy } from '../helpers/tcp-proxy';

const ROUNDS = 10;
/** Each way, to the masters of the other zones of a region. */
const BETWEEN_ZONES_MS = 3;

describe('three processes, each next to another master, that ask at the same moment', () => {
  const { servers, services } = networkForEachTest();
  const far: TcpProxy[] = [];

  afterEach(async () => {
    await Promise.all(far.splice(0).map((proxy) => proxy.stop()));
  });

  async function inZones(): Promise<void> {
    for (const near of servers) {
      const urls = await Promise.all(
        servers.map(async (server) => {
          if (server === near) return server.url;
          const proxy = await TcpProxy.start(server.port);
          proxy.delayMs = BETWEEN_ZONES_MS;
          far.push(proxy);
          return proxy.url;
        }),
      );
      services.push(createLockService({ nodes: urls }));
    }
    await Promise.all(services.map((service) => service.ready()));
  }

  /** How many got it, each time. */
  async function askAtOnce(options: LockOptions): Promise<number[]> {
    const winners: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const asked = services.map((service) =>
        service.withLock(
          `job:${round}`,
          { ...options, wait: 0, onBusy: 'skip', holdAtLeast: 20_000 },
          () => 'ran',
        ),
      );
      winners.push((await Promise.all(asked)).filter((result) => result === 'ran').length);
    }
    return winners;
  }

  it('run a job once, and not nowhere', async () => {
    await inZones();

    expect(await askAtOnce({})).toEqual(Array.from({ length: ROUNDS }, () => 1));
  });

  it('run a job once with one of three masters gone', async () => {
    await inZones();
    await servers[0]?.stop();

    expect(await askAtOnce({})).toEqual(Array.from({ length: ROUNDS }, () => 1));
  });
});
