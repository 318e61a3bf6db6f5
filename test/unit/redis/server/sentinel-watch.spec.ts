import { UnexplainedError } from '../../../../lib/redis/client/unexplained-error';
import { SentinelWatch } from '../../../../lib/redis/server/sentinel-watch';
import { FakeClient } from '../../../helpers/fake-client';
import { FakeSentinel } from '../../../helpers/fake-sentinel';
import { fakeDescription } from '../../../helpers/fake-description';
import { settle, VirtualClock } from '../../../helpers/virtual-clock';

const OLD = { remoteAddress: '10.0.0.1', remotePort: 6379 };
const NEW = { remoteAddress: '::ffff:10.0.0.2', remotePort: 6379 };
const SWITCHED = 'locks 10.0.0.1 6379 10.0.0.2 6379';

const AT_OLD = { host: '10.0.0.1', epoch: 4 };
const AT_NEW = { host: '10.0.0.2', epoch: 5 };
const NO_PERMISSION = new Error(
  "NOPERM User default has no permissions to run the 'sentinel|master' command",
);

/** A connection to the old master, and two Sentinels. */
function setUp({ isMapped = false, count = 2 } = {}) {
  const clock = new VirtualClock();
  const client = new FakeClient();
  const leadTo = (remote: FakeClient['remote']) => {
    client.remote = remote;
    void client.connect();
    client.becomeReady();
  };
  leadTo(OLD);
  const sentinels = Array.from({ length: count }, () => new FakeSentinel()) as [FakeSentinel, FakeSentinel];
  const seen = { switches: 0, informed: 0 };
  /** For each reconnection, how many connections in a row had come to nothing. */
  const failures: number[] = [];
  const reconnectDelayMs = (count: number) => {
    failures.push(count);
    return 50;
  };
  const watch = new SentinelWatch(
    client.asServer,
    {
      name: 'locks',
      sentinels: sentinels.map((sentinel) => fakeDescription({ open: () => sentinel, reconnectDelayMs })),
      isMapped,
    },
    clock,
    {
      onSwitch: () => {
        seen.switches += 1;
        leadTo({});
      },
      onInformed: () => {
        seen.informed += 1;
      },
    },
  );
  return { clock, client, leadTo, sentinels, seen, failures, watch };
}

describe('the Sentinels of a group', () => {
  it('are listened to, each of them', async () => {
    const { sentinels } = setUp();

    for (const sentinel of sentinels) sentinel.becomeReady();
    await settle();

    for (const { sent } of sentinels) {
      expect(sent).toEqual([
        'sentinel MASTER locks',
        'sentinel GET-MASTER-ADDR-BY-NAME locks',
        'subscribe +switch-master',
      ]);
    }
  });

  it('make us leave the old master when one of them tells of a new one, and once', () => {
    const { leadTo, sentinels, seen } = setUp();

    sentinels[0].emit('message', '+switch-master', SWITCHED);
    const atOnce = seen.switches;
    leadTo(NEW);
    sentinels[1].emit('message', '+switch-master', SWITCHED);

    expect([atOnce, seen.switches]).toEqual([1, 1]);
  });

  it('make us leave nobody when another group has a new master', () => {
    const { sentinels, seen, watch } = setUp();

    sentinels[0].emit('message', '+switch-master', 'other 10.0.0.1 6379 10.0.0.2 6379');

    expect([seen.switches, watch.problem]).toEqual([0, undefined]);
  });

  it('keep us from the old master while some of them still name it, but not for ever', async () => {
    const { clock, leadTo, sentinels, watch } = setUp();
    sentinels[0].emit('message', '+switch-master', SWITCHED);

    leadTo(OLD);
    const again = watch.problem?.code;
    leadTo(NEW);
    const there = watch.problem;
    leadTo(OLD);
    await clock.advance(15_001);

    expect([again, there, watch.problem]).toEqual(['FAILOVER', undefined, undefined]);
  });

  it.each([
    ['and told its epoch', AT_NEW],
    ['where we may not ask for its epoch', { ...AT_NEW, epoch: NO_PERMISSION }],
  ])(
    'make us leave the old master when the failover happened before they could tell of it, %s',
    async (_, says) => {
      const { sentinels, seen } = setUp();
      sentinels[0].says = says;
      sentinels[1].says = AT_OLD;

      for (const sentinel of sentinels) sentinel.becomeReady();
      await settle();

      expect(seen.switches).toBe(1);
    },
  );

  it.each<[string, { isMapped?: boolean }, FakeSentinel['says']]>([
    ['names', {}, { host: 'locks-b.example' }],
    ['addresses that are mapped', { isMapped: true }, { host: '10.0.0.9' }],
    ['a port that is none', {}, { host: '10.0.0.9', port: 'x' }],
    ['nobody', {}, null],
  ])(
    'that tell of %s, which cannot be compared, break no connection when they come up',
    async (_, options, says) => {
      const { sentinels, seen, watch } = setUp(options);
      sentinels[0].says = says;

      sentinels[0].becomeReady();
      await settle();

      expect([seen.switches, watch.problem]).toEqual([0, undefined]);
    },
  );

  it.each(['10.0.0.2 x', '10.0.0.2 0', '10.0.0.2 -1', '10.0.0.2 6379.5', '10.0.0.2', ''])(
    'are not believed when they announce %j, which is no address',
    (address) => {
      const { sentinels, seen, watch } = setUp();

      sentinels[0].emit('message', '+switch-master', `locks 10.0.0.1 6379 ${address}`);

      expect([seen.switches, watch.problem]).toEqual([0, undefined]);
    },
  );

  it('make us leave a server for another one of the same machine', () => {
    const { sentinels, seen } = setUp();

    sentinels[0].emit('message', '+switch-master', 'locks 10.0.0.1 6379 10.0.0.1 6380');

    expect(seen.switches).toBe(1);
  });

  it('break no connection to the master that they name, where we may not ask for its epoch', async () => {
    const { sentinels, seen } = setUp();
    for (const sentinel of sentinels) {
      sentinel.says = { ...AT_OLD, epoch: NO_PERMISSION };
      sentinel.becomeReady();
    }
    await settle();

    expect(seen.switches).toBe(0);
  });

  it('make us leave a master that one of them still names, where we may not ask for its epoch', async () => {
    const { sentinels, seen } = setUp();
    sentinels[0].says = { ...AT_OLD, epoch: NO_PERMISSION };
    sentinels[1].says = { ...AT_NEW, epoch: NO_PERMISSION };
    for (const sentinel of sentinels) {
      sentinel.becomeReady();
      await settle();
    }

    expect(seen.switches).toBe(1);
  });

  it('are heard where what they say of the epoch is not understood', async () => {
    const { sentinels, seen } = setUp();
    sentinels[0].says = AT_NEW;
    const call = sentinels[0].call.bind(sentinels[0]);
    sentinels[0].call = (...parts) => (parts[1] === 'MASTER' ? Promise.resolve('odd') : call(...parts));

    sentinels[0].becomeReady();
    await settle();

    expect(seen.switches).toBe(1);
  });

  it('have a good connection when they are listened to, and not before', async () => {
    const { clock, sentinels, failures } = setUp();
    for (let i = 0; i < 2; i++) {
      sentinels[0].end();
      await clock.advance(50);
    }
    sentinels[0].becomeReady();
    await settle();

    sentinels[0].end();

    expect(failures).toEqual([1, 2, 1]);
  });

  it('say why they cannot be reached, which ioredis does not', () => {
    const { sentinels, watch } = setUp();
    sentinels[0].emit('error', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));

    const explained = watch.explain(new UnexplainedError('no Sentinel answers: ', 'Connection is closed.'));

    expect(explained).toMatchObject({
      code: 'ECONNREFUSED',
      message: 'no Sentinel answers: connect ECONNREFUSED',
    });
    expect(watch.explain(new Error('something else'))).toBeUndefined();
  });

  it('explain nothing before an error, and after one of them is connected again', () => {
    const { sentinels, watch } = setUp();
    const explained = () =>
      watch.explain(new UnexplainedError('no Sentinel answers: ', 'Connection is closed.'));
    expect(explained()).toBeUndefined();
    sentinels[0].emit('error', new Error('connect ECONNREFUSED'));
    expect(explained()).toBeDefined();

    sentinels[0].becomeReady();

    expect(explained()).toBeUndefined();
  });

  it('are left alone at the end, and no timer is left', async () => {
    const { clock, sentinels, watch } = setUp();
    for (const sentinel of sentinels) sentinel.becomeReady();
    await settle();

    watch.stop();
    await clock.advance(60_000);

    expect(sentinels.map(({ status, begun }) => [status, begun.length])).toEqual([
      ['end', 1],
      ['end', 1],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('Sentinels that disagree', () => {
  it('are believed if their epoch is the highest, for as long as they say so', async () => {
    const { clock, leadTo, sentinels, watch } = setUp();
    sentinels[0].says = AT_OLD;
    sentinels[1].says = AT_NEW;
    for (const sentinel of sentinels) sentinel.becomeReady();
    await settle();

    leadTo(OLD);
    const atOld = watch.problem?.code;
    await clock.advance(3_600_000);
    const muchLater = watch.problem?.code;
    leadTo(NEW);

    expect([atOld, muchLater, watch.problem]).toEqual(['FAILOVER', 'FAILOVER', undefined]);
  });

  it('keep us where the highest epoch is when one that was cut off comes up', async () => {
    const { leadTo, sentinels, seen, watch } = setUp();
    leadTo(NEW);
    sentinels[0].says = AT_NEW;
    sentinels[0].becomeReady();
    await settle();

    sentinels[1].says = AT_OLD;
    sentinels[1].becomeReady();
    await settle();

    expect([seen.switches, watch.problem]).toEqual([0, undefined]);
  });

  it('are believed for a while after the one that knew best has gone, and not for ever', async () => {
    const { clock, leadTo, sentinels, watch } = setUp();
    sentinels[0].says = AT_OLD;
    sentinels[1].says = AT_NEW;
    for (const sentinel of sentinels) sentinel.becomeReady();
    await settle();

    sentinels[1].disconnect();
    leadTo(OLD);
    await clock.advance(599_000);
    const soon = watch.problem?.code;
    await clock.advance(2_000);

    expect([soon, watch.problem]).toEqual(['FAILOVER', undefined]);
  });

  it('take one server for the master by each of its addresses', async () => {
    const { sentinels, seen, watch } = setUp();
    sentinels[0].says = { host: '192.168.0.1', epoch: 4 };
    sentinels[1].says = AT_OLD;

    for (const sentinel of sentinels) sentinel.becomeReady();
    await settle();

    // The first of them to answer cannot know that the other one has another name for the same server.
    expect([seen.switches, watch.problem]).toEqual([1, undefined]);
  });

  it('are asked for the epoch of what they announce, and an announcement of an older one counts no longer', async () => {
    const { leadTo, sentinels, watch } = setUp();
    leadTo(NEW);
    sentinels[0].says = AT_NEW;
    sentinels[1].says = AT_OLD;
    for (const sentinel of sentinels) sentinel.becomeReady();
    await settle();

    sentinels[1].emit('message', '+switch-master', 'locks 10.0.0.2 6379 10.0.0.1 6379');
    leadTo(NEW);
    const atOnce = watch.problem?.code;
    await settle();

    expect([atOnce, watch.problem]).toEqual(['FAILOVER', undefined]);
    expect(sentinels[1].sent.slice(3)).toEqual([
      'unsubscribe',
      'sentinel MASTER locks',
      'sentinel GET-MASTER-ADDR-BY-NAME locks',
      'subscribe +switch-master',
    ]);
  });

  it('are asked again, since an operator may have named another master without an epoch', async () => {
    const { leadTo, sentinels, watch } = setUp();
    for (const sentinel of sentinels) {
      sentinel.says = AT_OLD;
      sentinel.becomeReady();
    }
    await settle();
    for (const sentinel of sentinels) sentinel.says = { host: '10.0.0.2', epoch: 0 };

    leadTo(NEW);
    const before = watch.problem?.code;
    watch.askAgain();
    await settle();

    expect([before, watch.problem]).toEqual(['FAILOVER', undefined]);
  });

  it.each<[string, (sentinel: FakeSentinel) => void]>([
    ['cannot be reached', (sentinel) => sentinel.emit('error', new Error('connect ECONNREFUSED'))],
    [
      'loses its connection',
      (sentinel) => {
        sentinel.end();
      },
    ],
  ])('are not awaited at the start where one has answered, and the other %s', async (_, goAway) => {
    const { sentinels, seen, watch } = setUp();
    sentinels[0].says = AT_OLD;
    sentinels[0].becomeReady();
    await settle();
    expect(watch.isInformed).toBe(false);

    goAway(sentinels[1]);
    expect([watch.isInformed, seen.informed]).toEqual([true, 1]);
    watch.askAgain();
    await settle();

    expect(seen.informed).toBe(1);
  });

  it('are awaited at the start until a majority has answered', async () => {
    const { clock, sentinels, seen, watch } = setUp({ count: 3 });
    const informed: boolean[] = [];
    for (const sentinel of sentinels) {
      informed.push(watch.isInformed);
      sentinel.says = AT_OLD;
      sentinel.becomeReady();
      await settle();
    }
    await clock.advance(1_000);

    expect([informed, seen.informed]).toEqual([[false, false, true], 2]);
  });

  it('are not awaited at the start if they refuse a connection', () => {
    const { sentinels, seen, watch } = setUp();

    for (const sentinel of sentinels) sentinel.emit('error', new Error('connect ECONNREFUSED'));

    expect([watch.isInformed, seen.informed]).toEqual([true, 1]);
  });

  it.each([
    ['a quarter of a second, if no connection to them is made', {}, 250],
    ['three quarters of a second, if they have accepted a connection and say nothing', OLD, 750],
  ])('are awaited at the start for %s', async (_, remote, waitMs) => {
    const { clock, sentinels, seen, watch } = setUp();
    for (const sentinel of sentinels) {
      sentinel.remote = remote;
      void sentinel.connect();
    }

    await clock.advance(waitMs - 1);
    const before = [watch.isInformed, seen.informed];
    await clock.advance(2);

    expect([before, [watch.isInformed, seen.informed]]).toEqual([
      [false, 0],
      [true, 1],
    ]);
    watch.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('are awaited at the start where one alone has accepted a connection, until it answers', async () => {
    const { clock, sentinels, watch } = setUp({ count: 3 });
    sentinels[0].remote = OLD;
    void sentinels[0].connect();

    await clock.advance(251);
    const after = watch.isInformed;
    sentinels[0].says = AT_NEW;
    sentinels[0].becomeReady();
    await settle();

    expect([after, watch.isInformed]).toEqual([false, true]);
  });

  it('are heard at the start too when their first connection failed and the next one did not', async () => {
    const { sentinels, seen, watch } = setUp({ count: 3 });
    for (const sentinel of sentinels.slice(0, 2)) {
      sentinel.emit('error', new Error('connect ECONNREFUSED'));
      sentinel.says = AT_OLD;
      sentinel.becomeReady();
      await settle();
    }

    expect([watch.isInformed, seen.informed]).toEqual([true, 1]);
  });

  it('are waited for by a process that was blocked right after its start, since it could not hear them', async () => {
    const { clock, sentinels, seen, watch } = setUp();
    sentinels[0].says = AT_OLD;
    sentinels[1].says = AT_NEW;
    clock.stall(5_000);
    await clock.advance(0);
    const afterTheStall = [watch.isInformed, seen.informed];

    for (const sentinel of sentinels) sentinel.becomeReady();
    await settle();

    expect(afterTheStall).toEqual([false, 0]);
    expect([watch.isInformed, seen.informed, seen.switches]).toEqual([true, 1, 1]);
    watch.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
