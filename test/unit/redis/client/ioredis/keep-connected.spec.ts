import type { Redis } from 'ioredis';
import { keepConnected } from '../../../../../lib/redis/client/ioredis/keep-connected';
import { reconnectDelayMs } from '../../../../../lib/redis/client/ioredis/connection-options';
import { FakeClient } from '../../../../helpers/fake-client';
import { settle, VirtualClock } from '../../../../helpers/virtual-clock';

function setUp(prepare: (client: FakeClient) => Promise<void> | undefined = () => undefined) {
  const client = new FakeClient();
  const clock = new VirtualClock();
  const failures: string[] = [];
  const ways = {
    prepare: () => prepare(client),
    reconnectDelayMs: (times: number) => reconnectDelayMs(times, () => 0.5),
  };
  const kept = keepConnected(client as unknown as Redis, ways, clock, (error) => {
    failures.push(String(error));
  });
  return { client, clock, failures, kept };
}

describe('a client that is kept connected', () => {
  it('is connected at once, and once', () => {
    const { client } = setUp();

    expect(client.begun).toHaveLength(1);
  });

  it('is connected again after 50 ms, and later each time that nothing comes of it', async () => {
    const { client, clock } = setUp();
    const waits: number[] = [];

    for (let times = 0; times < 7; times += 1) {
      const before = clock.now();
      const begun = client.begun.length;
      client.end();
      while (client.begun.length === begun) await clock.advance(10);
      waits.push(clock.now() - before);
    }

    expect(waits).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
  });

  it('is connected soon again when it had led where it should', async () => {
    const { client, clock, kept } = setUp();
    for (let times = 0; times < 6; times += 1) {
      client.end();
      await clock.advance(1_000);
    }

    client.becomeReady();
    kept.isGood();
    const begun = client.begun.length;
    client.end();
    await clock.advance(50);

    expect(client.begun.length).toBe(begun + 1);
  });

  it('gets the password of the moment for each connection, also when that comes later', async () => {
    const answers: (() => void)[] = [];
    const { client, clock } = setUp(
      (target) =>
        new Promise((resolve) => {
          answers.push(() => {
            target.options['password'] = `token-${answers.length}`;
            resolve();
          });
        }),
    );
    const answer = async () => {
      await settle();
      const whileAsking = [...client.begun];
      answers.at(-1)?.();
      await settle();
      return whileAsking;
    };

    const first = await answer();
    client.end();
    await clock.advance(50);
    const second = await answer();

    expect([first, second, client.begun]).toEqual([[], ['token-1'], ['token-1', 'token-2']]);
  });

  it('is not connected without its password, and asks again', async () => {
    let isRefused = true;
    const { client, clock, failures } = setUp(() =>
      isRefused ? Promise.reject(new Error('the vault is sealed')) : undefined,
    );

    await clock.advance(500);
    const before = client.begun.length;
    isRefused = false;
    await clock.advance(1_000);

    expect([before, client.begun.length]).toEqual([0, 1]);
    expect(failures.length).toBeGreaterThan(1);
    expect(failures[0]).toContain('the vault is sealed');
  });

  it('asks again when a password does not come within ten seconds, and does not use it when it comes', async () => {
    const answers: (() => void)[] = [];
    const { client, clock, failures } = setUp(
      () =>
        new Promise((resolve) => {
          answers.push(resolve);
        }),
    );

    await clock.advance(10_100);
    answers[0]?.();
    await settle();
    const early = client.begun.length;
    answers[1]?.();
    await settle();

    expect(failures).toEqual([expect.stringContaining('10000 ms')]);
    expect([early, client.begun.length]).toEqual([0, 1]);
  });

  it('is left alone after the end, and no timer is left', async () => {
    const { client, clock, kept } = setUp();

    client.end();
    kept.stop();
    client.emit('end');
    await clock.advance(10_000);

    expect([client.begun.length, clock.pendingTimers]).toEqual([1, 0]);
  });
});
