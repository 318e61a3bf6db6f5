import { watchForSilence } from '../../../../lib/redis/server/silence-watch';
import { FakeClient } from '../../../helpers/fake-client';
import { VirtualClock } from '../../../helpers/virtual-clock';

function setUp({ isOwed = false } = {}) {
  const clock = new VirtualClock();
  const client = new FakeClient();
  client.becomeReady();
  const seen = { silences: 0 };
  const owing = { isOwed };
  const stop = watchForSilence(client.asServer, clock, {
    limitMs: 500,
    isOwed: () => owing.isOwed,
    onSilence: () => {
      seen.silences += 1;
    },
  });
  return { clock, client, seen, owing, stop };
}

describe('a process that was frozen', () => {
  it.each<[string, (clock: VirtualClock) => void]>([
    [
      'stopped',
      (clock) => {
        clock.stall(60_000);
      },
    ],
    [
      'suspended with its machine',
      (clock) => {
        clock.suspend(60_000);
      },
    ],
  ])(
    '(%s) asks at once for a sign of life, and takes a connection for dead that gives none in time',
    async (_, freeze) => {
      const { clock, client, seen } = setUp();
      await clock.advance(10_000);
      const before = client.sent.length;

      freeze(clock);
      await clock.advance(1_000);
      const asked = client.sent.slice(before);
      await clock.advance(500);

      expect([asked, seen.silences]).toEqual([['ping'], 1]);
    },
  );

  it('keeps a connection on which one byte comes', async () => {
    const { clock, client, seen } = setUp();

    clock.stall(60_000);
    await clock.advance(0);
    client.stream.bytesRead += 1;
    await clock.advance(5_000);

    expect([client.sent, seen.silences]).toEqual([['ping'], 0]);
  });

  it('first reads what has arrived meanwhile', async () => {
    const { clock, client, seen } = setUp();

    clock.stall(60_000);
    await clock.advance(0);
    clock.stall(800);
    clock.replyArrived(() => {
      client.stream.bytesRead += 1;
    });
    await clock.advance(500);

    expect(seen.silences).toBe(0);
  });

  it('takes no new connection for the old one', async () => {
    const { clock, client, seen } = setUp();

    clock.stall(60_000);
    await clock.advance(0);
    void client.connect();
    client.becomeReady();
    await clock.advance(5_000);

    expect(seen.silences).toBe(0);
  });

  it('finds a handshake that will never end', async () => {
    const { clock, client, seen } = setUp();
    client.status = 'connect';

    clock.stall(60_000);
    await clock.advance(1_000);

    expect([client.sent, seen.silences]).toEqual([[], 1]);
  });

  it('that was only busy for a while asks nobody', async () => {
    const { clock, client } = setUp();
    await clock.advance(10_000);

    clock.stall(1_500);
    await clock.advance(10_000);

    expect(client.sent).toEqual([]);
  });
});

describe('a server that owes answers', () => {
  it('is asked for a sign of life after several deadlines without one byte, and then given up', async () => {
    const { clock, client, seen } = setUp({ isOwed: true });

    await clock.advance(4_000);
    const asked = [...client.sent];
    await clock.advance(500);

    expect([asked, seen.silences]).toEqual([['ping'], 1]);
  });

  it('is left alone while bytes come, and while it owes nothing', async () => {
    const { clock, client, owing } = setUp({ isOwed: true });

    for (let times = 0; times < 20; times += 1) {
      client.stream.bytesRead += 1;
      await clock.advance(1_000);
    }
    owing.isOwed = false;
    await clock.advance(20_000);

    expect(client.sent).toEqual([]);
  });
});

it('a watch that is over asks nobody, and leaves no timer', async () => {
  const { clock, client, seen, stop } = setUp({ isOwed: true });
  clock.stall(60_000);
  await clock.advance(100);

  stop();
  await clock.advance(60_000);

  expect([client.sent, seen.silences, clock.pendingTimers]).toEqual([['ping'], 0, 0]);
});
