import { keepAwake } from '../../../../lib/redis/server/keep-awake';
import { serverClientOf } from '../../../helpers/server-client-of';
import { VirtualClock } from '../../../helpers/virtual-clock';

function setUp(answers: () => boolean) {
  const clock = new VirtualClock();
  const seen = { pings: 0, resets: 0 };
  const client = {
    isCluster: false,
    options: {},
    status: 'ready',
    stream: {
      connecting: false,
      writableEnded: false,
      resetAndDestroy: () => {
        seen.resets += 1;
      },
    },
    call: () => {
      seen.pings += 1;
      return answers() ? Promise.resolve('PONG') : new Promise(() => undefined);
    },
  };
  const stop = keepAwake(serverClientOf(client), clock);
  return { clock, client, seen, stop };
}

describe('a connection that only hears', () => {
  it('is asked now and then, and left alone while it answers', async () => {
    const { clock, seen } = setUp(() => true);

    await clock.advance(60_000);

    expect(seen).toEqual({ pings: 12, resets: 0 });
  });

  it('is reset when it does not answer, and asked once until then', async () => {
    const { clock, seen } = setUp(() => false);

    await clock.advance(15_000);

    expect(seen).toEqual({ pings: 1, resets: 1 });
  });

  it('is reset when it comes to no answer at all', async () => {
    const { clock, client, seen } = setUp(() => true);
    client.status = 'connect';

    await clock.advance(15_000);

    expect(seen).toEqual({ pings: 0, resets: 1 });
  });

  it('is asked no more when it is closed, and no timer is left', async () => {
    const { clock, seen, stop } = setUp(() => false);

    stop();
    await clock.advance(60_000);

    expect(seen).toEqual({ pings: 0, resets: 0 });
    expect(clock.pendingTimers).toBe(0);
  });
});
