import type { Redlock } from '../../../../lib/core/redlock';
import { Comebacks } from '../../../../lib/locking/waiting/comebacks';
import { WaitForRelease } from '../../../../lib/locking/waiting/wait-for-release';
import { Outage } from '../../../../lib/locking/waiting/outage';
import { InterruptibleSleep } from '../../../../lib/locking/waiting/interruptible-sleep';
import { MemoryLockNode } from '../../../../lib/memory/memory-lock-node';
import { settle, VirtualClock } from '../../../helpers/virtual-clock';
import { watch } from '../../../helpers/watch';

/** One node, which leads; a caller that has to let `turns` others go first. */
function setUp(turns: number) {
  const clock = new VirtualClock();
  const node = new MemoryLockNode({ clock });
  const wait = new InterruptibleSleep(clock, clock.now(), 60_000, undefined, { cancelled: () => undefined });
  const redlock = { leadingNode: node } as unknown as Redlock;
  const outage = new Outage(clock, 500);
  const nodes = [node];
  const comebacks = new Comebacks(nodes);
  const setup = { nodes, comebacks, clock, redlock, fraction: () => 0.5, outage, nodeTimeoutMs: 500 };
  const caller = { resources: ['a'], options: { outageWaitMs: 500 } };
  const backoff = new WaitForRelease(setup, caller, wait, turns);
  let holders = 0;
  const somebodyElseHasIt = async () => {
    const ownerToken = `holder-${++holders}`;
    const request = { resources: ['a'], ownerToken, ttlMs: 1_000 };
    node.acquire({ ...request, askHolderTtl: false }, () => undefined);
    node.release({ ...request, wakeWaiters: true }, () => undefined);
    await settle();
  };
  return { clock, backoff, somebodyElseHasIt };
}

describe('a caller that others go before', () => {
  it('asks at once when so many of them have had it', async () => {
    const { clock, backoff, somebodyElseHasIt } = setUp(2);
    const sitting = watch(backoff.sitOut());

    await clock.advance(1);
    await somebodyElseHasIt();
    expect(sitting.state).toBe('pending');
    await clock.advance(1);
    await somebodyElseHasIt();

    expect(sitting.state).toBe('resolved');
    expect(backoff.begin()).toBe(false);
    backoff.stop();
  });

  it('asks after 8 ms when none of them takes it, the leading node first', async () => {
    const { clock, backoff } = setUp(2);
    const sitting = watch(backoff.sitOut());

    await clock.advance(7);
    expect(sitting.state).toBe('pending');
    await clock.advance(1);

    expect(sitting.state).toBe('resolved');
    expect(backoff.begin()).toBe(true);
    backoff.stop();
  });
});
