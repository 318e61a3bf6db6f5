import { InterruptibleSleep } from '../../../../lib/locking/waiting/interruptible-sleep';
import { settle, VirtualClock } from '../../../helpers/virtual-clock';
import { watch } from '../../../helpers/watch';

function setUp(waitMs = 1_000, signal?: AbortSignal) {
  const clock = new VirtualClock();
  const reasons: unknown[] = [];
  const onCancelled = { cancelled: (reason: unknown) => reasons.push(reason) };
  return { clock, reasons, wait: new InterruptibleSleep(clock, clock.now(), waitMs, signal, onCancelled) };
}

describe('Wait', () => {
  it('sleeps for as long as it is told', async () => {
    const { clock, wait } = setUp();

    const sleep = watch(wait.sleep(100));
    await clock.advance(99);
    expect(sleep.state).toBe('pending');
    await clock.advance(1);

    expect(sleep.state).toBe('resolved');
  });

  it('never sleeps past its deadline', async () => {
    const { clock, wait } = setUp(50);

    const sleep = watch(wait.sleep(Infinity));
    await clock.advance(50);

    expect(sleep.state).toBe('resolved');
    expect(wait.isOver).toBe(true);
  });

  it('is over at once with 0 and never with Infinity', () => {
    const forEver = setUp(Infinity);
    forEver.clock.stall(1e12);

    expect(setUp(0).wait.isOver).toBe(true);
    expect(forEver.wait.isOver).toBe(false);
  });

  it('wakes up when it is woken, and leaves no timer behind', async () => {
    const { clock, wait } = setUp();
    const sleep = watch(wait.sleep(100));

    wait.wake();
    await settle();

    expect(sleep.state).toBe('resolved');
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not sleep when it was woken before: no wake-up is missed between looking and sleeping', async () => {
    const { wait } = setUp();
    wait.wake();

    const sleep = watch(wait.sleep(100));
    await settle();

    expect(sleep.state).toBe('resolved');
  });

  it('remembers one early wake-up for one sleep', async () => {
    const { wait } = setUp();
    wait.wake();
    wait.wake();
    await wait.sleep(100);

    const second = watch(wait.sleep(100));
    await settle();

    expect(second.state).toBe('pending');
  });

  it('shortens a sleep', async () => {
    const { clock, wait } = setUp();
    const sleep = watch(wait.sleep(100));

    wait.wakeWithin(3);
    await clock.advance(3);

    expect(sleep.state).toBe('resolved');
  });

  it('is not kept asleep by somebody who shortens the sleep again and again', async () => {
    const { clock, wait } = setUp();
    const sleep = watch(wait.sleep(100));

    wait.wakeWithin(3);
    await clock.advance(2);
    wait.wakeWithin(3);
    await clock.advance(1);

    expect(sleep.state).toBe('resolved');
  });

  it('does not sleep past its deadline when its sleep is "shortened" to a later time', async () => {
    const { clock, wait } = setUp(50);
    const sleep = watch(wait.sleep(Infinity));
    await clock.advance(49);

    wait.wakeWithin(3);
    await clock.advance(1);

    expect(sleep.state).toBe('resolved');
  });

  it('ends with the reason when it is cancelled asleep', async () => {
    const { clock, wait } = setUp();
    const sleep = watch(wait.sleep(100));

    wait.cancel('because');
    await settle();

    expect(sleep).toEqual({ state: 'rejected', error: 'because' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends with the first reason when it is cancelled awake, twice', async () => {
    const { wait } = setUp();
    wait.cancel('first');
    wait.cancel('second');

    await expect(wait.sleep(100)).rejects.toBe('first');
  });

  it('can be cancelled with undefined as its reason', async () => {
    const { wait } = setUp();
    wait.cancel(undefined);

    await expect(wait.sleep(100)).rejects.toBeUndefined();
  });

  it('is cancelled by its signal, until it has ended', async () => {
    const controller = new AbortController();
    const { wait } = setUp(1_000, controller.signal);
    const sleep = watch(wait.sleep(100));

    controller.abort('stop');
    await settle();

    expect(sleep).toEqual({ state: 'rejected', error: 'stop' });
  });

  it('does not hear its signal any more once it has ended', () => {
    const controller = new AbortController();
    const { wait } = setUp(1_000, controller.signal);

    wait.end();
    controller.abort('stop');

    expect(() => {
      wait.throwIfCancelled();
    }).not.toThrow();
  });

  it('gives what some work gives', async () => {
    const { wait } = setUp();

    await expect(wait.unlessCancelled(Promise.resolve(7))).resolves.toBe(7);
    await expect(wait.unlessCancelled(Promise.reject(new Error('x')))).rejects.toThrow('x');
  });

  it('does not wait for some work when it is cancelled, before or meanwhile', async () => {
    const never = new Promise<never>(() => undefined);
    const { wait } = setUp();
    const before = watch(wait.unlessCancelled(never));

    wait.cancel('because');
    const meanwhile = watch(wait.unlessCancelled(never));
    await settle();

    expect(before).toEqual({ state: 'rejected', error: 'because' });
    expect(meanwhile).toEqual({ state: 'rejected', error: 'because' });
  });

  it('tells who wants to know of the first cancel', () => {
    const controller = new AbortController();
    const { reasons, wait } = setUp(1_000, controller.signal);

    controller.abort('gone');
    wait.cancel('again');

    expect(reasons).toEqual(['gone']);
  });
});
