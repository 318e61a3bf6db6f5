import { UnexplainedError } from '../../../../lib/redis/client/unexplained-error';
import { SentinelWatch } from '../../../../lib/redis/server/sentinel-watch';
import { FakeClient } from '../../../helpers/fake-client';
import { fakeDescription } from '../../../helpers/fake-description';
import { settle, VirtualClock } from '../../../helpers/virtual-clock';

const OLD = { remoteAddress: '10.0.0.1', remotePort: 6379 };
const NEW = { remoteAddress: '::ffff:10.0.0.2', remotePort: 6379 };
const SWITCHED = 'locks 10.0.0.1 6379 10.0.0.2 6379';

/** A connection to the old master, and two Sentinels. */
function setUp({ isMapped = false } = {}) {
  const clock = new VirtualClock();
  const client = new FakeClient();
  const leadTo = (remote: FakeClient['remote']) => {
    client.remote = remote;
    void client.connect();
    client.becomeReady();
  };
  leadTo(OLD);
  const sentinels = [new FakeClient(), new FakeClient()] as const;
  const seen = { switches: 0 };
  const watch = new SentinelWatch(
    client.asServer,
    {
      name: 'locks',
      sentinels: sentinels.map((sentinel) => fakeDescription({ open: () => sentinel })),
      isMapped,
    },
    clock,
    () => {
      seen.switches += 1;
    },
  );
  return { clock, client, leadTo, sentinels, seen, watch };
}

describe('the Sentinels of a group', () => {
  it('are listened to, each of them', async () => {
    const { sentinels } = setUp();

    for (const sentinel of sentinels) sentinel.becomeReady();
    await settle();

    for (const { sent } of sentinels) {
      expect(sent).toEqual(['sentinel GET-MASTER-ADDR-BY-NAME locks', 'subscribe +switch-master']);
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

  it('make us leave the old master when the failover happened before they could tell of it', async () => {
    const { sentinels, seen } = setUp();
    sentinels[0].callReply = ['10.0.0.2', '6379'];
    sentinels[1].callReply = ['10.0.0.1', '6379'];

    for (const sentinel of sentinels) sentinel.becomeReady();
    await settle();

    expect(seen.switches).toBe(1);
  });

  it.each<[string, { isMapped?: boolean }, string[]]>([
    ['names', {}, ['locks-b.example', '6379']],
    ['addresses that are mapped', { isMapped: true }, ['10.0.0.9', '6379']],
    ['nobody', {}, []],
  ])(
    'that tell of %s, which cannot be compared, break no connection when they come up',
    async (_, options, reply) => {
      const { sentinels, seen, watch } = setUp(options);
      sentinels[0].callReply = reply.length === 0 ? null : reply;

      sentinels[0].becomeReady();
      await settle();

      expect([seen.switches, watch.problem]).toEqual([0, undefined]);
    },
  );

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
