import type { LockService } from '../../lib';
import { openLockService } from '../../lib/service/create-lock-service';
import { LockManager } from '../../lib/locking/lock-manager';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { untilUp } from '../helpers/ask-node';
import { commandCounts } from '../helpers/command-counts';
import { listening, untilWaitedFor } from '../helpers/listening';
import { networkForEachTest } from '../helpers/network';
import { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';
import { untilAllAnswer } from '../helpers/until-all-answer';
import { requestsTo, untilQuiet } from '../helpers/until-quiet';
import { VirtualClock } from '../helpers/virtual-clock';
import { watch } from '../helpers/watch';

/** Long enough that nobody gets a lock by its ttl in this file, unless the test says so. */
const TTL_MS = 50_000;
const WAIT_MS = 30_000;

const { servers, proxies, services } = networkForEachTest();

/** A process of its own, as far as Redis can tell. */
async function service(urls = servers.map(({ url }) => url), clock?: VirtualClock): Promise<LockService> {
  const one = openLockService(
    { nodes: urls, shutdownTimeout: 100 },
    (settings) => new LockManager({ ...settings, clock: clock ?? settings.clock }),
  );
  services.push(one);
  await untilAllAnswer(one);
  return one;
}

/** Lets the time pass that the node sees, and the server answer in the time that it needs: else it looks stalled. */
async function pass(clock: VirtualClock, server: RedisServer, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    await clock.advance(1_000);
    await server.command('PING');
  }
}

/**
 * Waits for `lock:a` in a time of its own, which goes on step by step, after what it asked is answered: however long this
 * process is kept from running, it sleeps before the ttl is over of which it was told.
 */
async function sleeper(urls?: string[]) {
  const clock = new VirtualClock();
  const one = await service(urls, clock);
  const waiting = watch(one.acquire('a', { wait: 3_600_000 }));
  const go = async (steps: number, stepMs: number) => {
    for (let step = 0; step < steps; step++) {
      await clock.advance(stepMs);
      await Promise.all(servers.map((server) => server.command('PING')));
    }
  };
  await untilWaitedFor(servers, 'a');
  let before = -1;
  await until('no node is asked', async () => {
    await go(50, 10);
    return before === (before = await requestsTo(servers));
  });

  return {
    /** It has what it sleeps for when its time has come. */
    async wakesUp(): Promise<void> {
      // The nodes answer in between: a waiter also looks before that, and they must not seem silent.
      for (let left = (TTL_MS - 5_000) / 1_000; left > 0 && waiting.state === 'pending'; left -= 1)
        await go(10, 100);
      await until('the waiter has it', async () => {
        await go(20, 50);
        return waiting.state !== 'pending';
      });
      expect(waiting.state).toBe('resolved');
      // Its time stands still: nothing would end what it still holds.
      expect(await waiting.value?.release()).toBe('released');
    },
  };
}

/** The waiter has subscribed everywhere, tried again, and sleeps. */
async function untilItSleeps(resource: string): Promise<void> {
  await untilWaitedFor(servers, resource);
  await untilQuiet(servers);
}

describe('a lock that another process holds', () => {
  it('is not asked for while a healthy holder holds, and is got when it is released', async () => {
    const [holder, waiter] = [await service(), await service()];
    const lock = await holder.acquire('a', { ttl: TTL_MS });
    const waiting = watch(waiter.acquire('a', { wait: WAIT_MS }));
    await untilItSleeps('a');
    const before = await requestsTo(servers);

    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await requestsTo(servers)).toBe(before);
    await lock.release();
    await until('the waiter has it', () => waiting.state === 'resolved');

    await waiting.value?.release();
    // 3 to release, 1 to ask the leader, which may be told twice, 2 to ask the others, 3 to release.
    expect((await requestsTo(servers)) - before).toBeLessThanOrEqual(15);
  });

  it('is got by one of several processes after the other', async () => {
    const all = [await service(), await service(), await service()];
    const lock = await (await service()).acquire('a', { ttl: TTL_MS });
    let inside = 0;
    let most = 0;
    const work = all.map((one) =>
      one.withLock('a', { ttl: TTL_MS, wait: WAIT_MS }, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside -= 1;
      }),
    );
    await until('all of them listen', async () => {
      const [first] = servers;
      return first !== undefined && (await listening(first, 'lock:a')) === 3;
    });

    await lock.release();
    await Promise.all(work);

    expect(most).toBe(1);
  });

  it('is got at once by who has waited for it before, and has it to itself now', async () => {
    const [holder, waiter] = [await service(), await service()];
    const first = await holder.acquire('a', { ttl: TTL_MS });
    const waiting = waiter.acquire('a', { wait: WAIT_MS });
    await untilItSleeps('a');
    const told = await commandCounts(servers[0] as RedisServer);

    await first.release();
    await (await waiting).release();
    for (let cycle = 0; cycle < 50; cycle++) await (await waiter.acquire('a')).release();

    // Who counts itself among those who wait goes last each time, and listens until then.
    const { subscribe = 0 } = await commandCounts(servers[0] as RedisServer, told);
    expect(subscribe).toBeLessThan(10);
  });

  it('is got when the holder has crashed and its keys expire', async () => {
    for (const server of servers) await server.command('SET', 'lock:a', 'crashed', 'PX', TTL_MS);
    const waiter = await sleeper();

    for (const server of servers) await server.command('PEXPIRE', 'lock:a', 1);

    await waiter.wakesUp();
  });

  it('is got although another client deletes the keys without a word', async () => {
    for (const server of servers) await server.command('SET', 'lock:a', 'foreign', 'PX', TTL_MS);
    const waiter = await sleeper();

    for (const server of servers) await server.command('DEL', 'lock:a');

    await waiter.wakesUp();
  });

  it('is got when the release came before the subscription did', async () => {
    const holder = await service();
    const waiter = await service(proxies.map(({ url }) => url));
    const lock = await holder.acquire('a', { ttl: TTL_MS });
    const waiting = watch(waiter.acquire('a', { wait: WAIT_MS }));
    // From here on it takes 100 ms to subscribe.
    for (const proxy of proxies) proxy.delayMs = 50;

    await until('it asks to listen', () => proxies.every(({ connections }) => connections === 2));
    await lock.release();

    await until('the waiter has it', () => waiting.state === 'resolved');
  });
});

describe('a message that is lost', () => {
  it('because the subscriber connections broke is made up for when they are back', async () => {
    const holder = await service();
    const waiter = await service(proxies.map(({ url }) => url));
    const lock = await holder.acquire('a', { ttl: TTL_MS });
    const waiting = watch(waiter.acquire('a', { wait: WAIT_MS }));
    await untilItSleeps('a');

    for (const proxy of proxies) proxy.reset();
    await lock.release();

    await until('the waiter has it', () => waiting.state === 'resolved');
  });

  it('because servers cut those who listen is made up for when they listen again', async () => {
    const [holder, waiter] = [await service(), await service()];
    const lock = await holder.acquire('a', { ttl: TTL_MS });
    const waiting = watch(waiter.acquire('a', { wait: WAIT_MS }));
    await untilItSleeps('a');

    await Promise.all(servers.map((server) => server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')));
    await lock.release();

    await until('the waiter has it', () => waiting.state === 'resolved');
  });

  it('because nobody could subscribe again is made up for at the end of the ttl', async () => {
    for (const server of servers) await server.command('SET', 'lock:a', 'foreign', 'PX', TTL_MS);
    const waiter = await sleeper(proxies.map(({ url }) => url));

    for (const proxy of proxies) await proxy.setMode('refuse');
    await Promise.all(servers.map((server) => server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')));
    for (const server of servers) await server.command('DEL', 'lock:a');

    await waiter.wakesUp();
  });
});

describe('a user of Redis without all rights', () => {
  const urlsOf = (rights: string) =>
    Promise.all(
      servers.map(async (server) => {
        await server.command(
          'ACL',
          'SETUSER',
          'app',
          'reset',
          'on',
          '>secret',
          '~lock:*',
          '+@all',
          ...rights.split(' '),
        );
        return server.url.replace('redis://', 'redis://app:secret@');
      }),
    );

  it.each([
    ['to subscribe', '&lock:* -subscribe'],
    ['to any channel', 'resetchannels'],
  ])('(%s) polls, and gets the lock', async (_, rights) => {
    const urls = await urlsOf(rights);
    const [holder, waiter] = [await service(urls), await service(urls)];
    const lock = await holder.acquire('a', { ttl: TTL_MS });
    const waiting = watch(waiter.acquire('a', { wait: WAIT_MS }));
    const before = await requestsTo(servers);
    await until('it asks again and again', async () => (await requestsTo(servers)) > before + 5);

    expect(await lock.release()).toBe('released');

    await until('the waiter has it', () => waiting.state === 'resolved');
  });

  it('to publish still releases, and its waiters find out when the ttl is over', async () => {
    const urls = await urlsOf('&lock:* -publish');
    const holder = await service(urls);
    const lock = await holder.acquire('a', { ttl: TTL_MS, autoExtend: false });
    const waiter = await sleeper();

    expect(await lock.release()).toBe('released');

    expect(await servers[0]?.command('EXISTS', 'lock:a')).toBe(0);
    await waiter.wakesUp();
  });
});

describe('the connections that listen', () => {
  const connections = async (server: RedisServer) =>
    String(await server.command('CLIENT', 'LIST'))
      .split('\n')
      .filter((line) => line.includes('name=nestjs-redlock')).length;

  async function open() {
    const clock = new VirtualClock();
    const [server] = servers as [RedisServer];
    const node = new RedisLockNode(describeRedisNode(server.url), { clock });
    await untilUp(node);
    return { clock, server, node };
  }

  it('are one per node, opened when somebody waits, and closed when nobody has for a while', async () => {
    const { clock, server, node } = await open();
    expect(await connections(server)).toBe(1);

    const first = node.onReleased('a', () => undefined);
    const second = node.onReleased('b', () => undefined);
    await until('both are heard', () => first.isHeard && second.isHeard);
    expect(await connections(server)).toBe(2);

    first.stop();
    second.stop();
    await pass(clock, server, 9_000);
    const third = node.onReleased('c', () => undefined);
    await until('it is heard', () => third.isHeard);
    // The time of the first pause is over, but somebody waits.
    await pass(clock, server, 60_000);
    expect(third.isHeard).toBe(true);
    expect(await connections(server)).toBe(2);

    third.stop();
    third.stop();
    await pass(clock, server, 10_000);
    await until('it is closed', async () => (await connections(server)) === 1);
    const fourth = node.onReleased('d', () => undefined);
    await until('it is heard again', () => fourth.isHeard);
    fourth.stop();
    await node.close();
  });

  it('are kept for those who come after a subscription was stopped twice', async () => {
    const { clock, server, node } = await open();
    const first = node.onReleased('a', () => undefined);
    await until('it is heard', () => first.isHeard);
    first.stop();
    first.stop();

    const second = node.onReleased('b', () => undefined);
    await until('it is heard', () => second.isHeard);
    await pass(clock, server, 60_000);

    expect(second.isHeard).toBe(true);
    second.stop();
    await node.close();
  });

  it('forget what nobody waits for any more', async () => {
    const { server, node } = await open();
    const first = node.onReleased('a', () => undefined);
    const second = node.onReleased('b', () => undefined);
    await until('both are heard', () => first.isHeard && second.isHeard);

    first.stop();

    await until('it is forgotten', async () => (await listening(server, 'lock:a')) === 0);
    expect(await listening(server, 'lock:b')).toBe(1);
    // Who releases many looks there first: whether anybody waits for anything.
    expect(await listening(server, 'lock:')).toBe(1);

    second.stop();
    await until('nobody listens', async () => (await listening(server, 'lock:')) === 0);
    const third = node.onReleased('a', () => undefined);
    expect(third.isHeard).toBe(false);
    await until('it is heard', () => third.isHeard);
    expect(await listening(server, 'lock:a')).toBe(1);
    expect(await listening(server, 'lock:')).toBe(1);
    await node.close();
  });

  it('need not be told who went when somebody comes at the same moment', async () => {
    const { clock, server, node } = await open();
    const first = node.onReleased('a', () => undefined);
    await until('it is heard', () => first.isHeard);
    const told = await commandCounts(server);

    first.stop();
    const second = node.onReleased('a', () => undefined);
    expect(second.isHeard).toBe(true);
    await clock.advance(1);
    await server.command('PING');

    expect(second.isHeard).toBe(true);
    expect(await commandCounts(server, told)).not.toHaveProperty('subscribe');
    expect(await commandCounts(server, told)).not.toHaveProperty('unsubscribe');
    expect(await listening(server, 'lock:a')).toBe(1);
    second.stop();
    await until('nobody listens', async () => (await listening(server, 'lock:a')) === 0);
    expect(await listening(server, 'lock:')).toBe(0);
    await node.close();
  });

  it('take leave of several at once', async () => {
    const { server, node } = await open();
    const all = ['a', 'b', 'c'].map((resource) => node.onReleased(resource, () => undefined));
    await until('all are heard', () => all.every(({ isHeard }) => isHeard));

    for (const subscription of all) subscription.stop();

    await until('nobody listens', async () => (await listening(server, 'lock:')) === 0);
    expect((await commandCounts(server))['unsubscribe']).toBe(1);
    await node.close();
  });

  it('are closed with the node, while somebody waits', async () => {
    const { server, node } = await open();
    const subscription = node.onReleased('a', () => undefined);
    await until('it is heard', () => subscription.isHeard);

    await node.close();

    await until('all are closed', async () => (await connections(server)) === 0);
  });

  it('know that they hear nothing while they are cut', async () => {
    const node = new RedisLockNode(describeRedisNode(proxies[0]?.url ?? ''));
    await untilUp(node);
    const heard: unknown[] = [];
    const subscription = node.onReleased('a', (released) => heard.push(released));
    await until('it is heard', () => subscription.isHeard);

    proxies[0]?.reset();
    await until('it is not heard', () => !subscription.isHeard);
    await until('it is heard again', () => subscription.isHeard);

    expect(heard).toEqual([undefined, undefined]);
    await node.close();
  });
});
