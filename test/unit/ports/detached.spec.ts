import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import Redis from 'ioredis';
import { detached } from '../../../lib/ports/detached';
import { Admission } from '../../../lib/locking/waiting/admission';
import type { BatchEntry } from '../../../lib/redis/request/batch-entry';
import { CommandBatch } from '../../../lib/redis/request/command-batch';
import { describeRedisNode } from '../../../lib/redis/client/ioredis/describe-redis-node';
import { RedisConnection } from '../../../lib/redis/server/redis-connection';
import { ReleaseChannel } from '../../../lib/redis/release-channel';
import { systemClock } from '../../../lib/system/system-clock';
import { fakeDescription } from '../../helpers/fake-description';
import { settle, VirtualClock } from '../../helpers/virtual-clock';

const request = new AsyncLocalStorage<string>();

/** Runs `work` as a part of a request, and tells as what part of which request `hear` was called. */
async function partOf(work: (hear: () => void) => void): Promise<unknown[]> {
  const heard: unknown[] = [];
  request.run('a request', () => {
    work(() => heard.push(request.getStore() ?? 'no request'));
  });
  for (let turn = 0; turn < 100 && heard.length === 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return heard;
}

function acquire(resource: string): BatchEntry {
  const asked = { resources: [resource], ownerToken: 'anna', ttlMs: 1_000, askHolderTtl: false };
  return { letter: 'a', request: asked, vote: () => undefined };
}

describe('belongs to no request:', () => {
  it('what is detached, and what follows from it', async () => {
    expect(
      await partOf((hear) => {
        void detached(() => Promise.resolve().then(hear));
      }),
    ).toEqual(['no request']);
  });

  it('a timer', async () => {
    expect(await partOf((hear) => void systemClock.schedule(0, hear))).toEqual(['no request']);
  });

  it('what waits for the replies that have arrived', async () => {
    expect(
      await partOf((hear) => {
        systemClock.afterArrivedReplies(hear);
      }),
    ).toEqual(['no request']);
  });

  it.each([1, 2])('a batch of %i', async (count) => {
    const heard = await partOf((hear) => {
      const sender = {
        underWay: 0,
        inOnePacket: (send: () => void) => {
          send();
        },
        sendOne: hear,
        sendMany: hear,
        sendSets: hear,
      };
      const batch = new CommandBatch(sender, undefined);
      for (let i = 0; i < count; i++) batch.add(acquire(`r${i}`));
    });

    expect(heard).toEqual(['no request']);
  });

  it('a connection, also of a client that was given', async () => {
    const given = new Redis({ lazyConnect: true });
    const description = describeRedisNode(given);
    const heard = await partOf((hear) => {
      given.duplicate = () => {
        hear();
        return given;
      };
      description.open();
    });

    expect(heard).toEqual(['no request']);
  });

  it('what is written to a connection, and the subscription of a waiter', async () => {
    const asked: unknown[] = [];
    class Client extends EventEmitter {
      readonly isCluster = false;
      readonly status = 'ready';
      readonly options = {};
      readonly call = (name: string) =>
        Promise.resolve(name === 'info' ? 'role:master\r\nrun_id:a\r\nuptime_in_seconds:9' : ['1', '1']);
      readonly disconnect = () => undefined;
      readonly quit = () => Promise.resolve();
      readonly subscribe = () => {
        asked.push(request.getStore());
        return Promise.resolve();
      };
    }
    const clock = new VirtualClock();
    const client = new Client();
    const description = fakeDescription({ open: () => client });
    const connection = new RedisConnection({
      description,
      clock,
      onServerReady: () => undefined,
      onStatus: () => undefined,
    });
    client.emit('ready');
    await settle();
    const channel = new ReleaseChannel(description, clock, 'lock:');

    request.run('a request', () => {
      connection.ask({
        send: () => {
          asked.push(request.getStore());
          return Promise.resolve();
        },
        onReply: () => undefined,
        onError: () => undefined,
      });
      channel.listen('lock:a', () => undefined);
    });

    expect(asked).toEqual([undefined, undefined]);
    await settle();
  });

  it('a call that is let in when another one has its answer', async () => {
    const clock = new VirtualClock();
    const admission = new Admission(clock);
    for (let inside = 0; inside < 256; inside++) admission.enter({ begin: () => undefined });

    const heard = await partOf((hear) => {
      admission.enter({ begin: hear });
      admission.leave();
    });

    expect(heard).toEqual(['no request']);
  });
});
