import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { filter, firstValueFrom, Subject } from 'rxjs';
import {
  createLockService,
  LockService,
  LockUnavailableError,
  MemoryLockNode,
  RedlockModule,
  type LockEvent,
} from '../../../lib';
import { RedlockLifecycle } from '../../../lib/nest/redlock.lifecycle';
import { deferred } from '../../helpers/deferred';

describe('the life of a lock service in an application', () => {
  it('outlasts onModuleDestroy, since requests are still served then, and ends with app.close()', async () => {
    let lockedLate: unknown;
    @Injectable()
    class Orders implements BeforeApplicationShutdown {
      constructor(readonly locks: LockService) {}
      async beforeApplicationShutdown() {
        lockedLate = await this.locks.withLock('order:7', () => 'locked');
      }
    }
    const app = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      providers: [Orders],
    }).compile();
    await app.init();

    await app.close();

    expect(lockedLate).toBe('locked');
    await expect(app.get(LockService).acquire('order:7')).rejects.toThrow(LockUnavailableError);
  });

  it('waits for holders before the application is closed', async () => {
    const app = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
    }).compile();
    await app.init();
    const order: string[] = [];
    const gate = deferred();
    const started = deferred();
    const held = app.get(LockService).withLock('order:7', async () => {
      started.resolve();
      await gate.promise;
      order.push('task done');
    });
    await started.promise;

    const closed = app.close().then(() => order.push('closed'));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(order).toEqual([]);
    gate.resolve();
    await Promise.all([held, closed]);

    expect(order).toEqual(['task done', 'closed']);
  });

  it('leads no more while requests are still served, and another process leads', async () => {
    const node = new MemoryLockNode();
    const other = createLockService({ nodes: [node] });
    const seen: unknown[] = [];
    @Injectable()
    class Server implements BeforeApplicationShutdown {
      constructor(readonly locks: LockService) {}
      async beforeApplicationShutdown() {
        const { isLeader } = this.locks.election('jobs');
        if (!isLeader) await firstValueFrom(other.election('jobs').leader$.pipe(filter(Boolean)));
        seen.push(isLeader, await this.locks.election('jobs').run(() => 'ran'));
        seen.push(await this.locks.withLock('order:7', () => 'locked'));
      }
    }
    const app = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [node] })],
      providers: [Server],
    }).compile();
    await app.init();
    await firstValueFrom(app.get(LockService).election('jobs').leader$.pipe(filter(Boolean)));

    await app.close();

    expect(seen).toEqual([false, undefined, 'locked']);
    await other.close();
  });

  it('leads until its running tasks have ended, which hear of the shutdown at once', async () => {
    const app = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
    }).compile();
    await app.init();
    const election = app.get(LockService).election('jobs');
    await firstValueFrom(election.leader$.pipe(filter(Boolean)));
    const task = election.run(async (lock, signal) => {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
      });
      return lock.isHeld;
    });

    await app.close();

    await expect(task).resolves.toBe(true);
  });

  it('ends when the application is closed before it was started', async () => {
    const app = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
    }).compile();

    await app.close();

    await expect(app.get(LockService).acquire('order:7')).rejects.toThrow(LockUnavailableError);
  });
});

describe('the log of a lock service', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('has one line for a node that goes down, one for its return, and none for locks', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation();
    const events = new Subject<LockEvent>();
    new RedlockLifecycle({ events$: events.asObservable() }, {}, new ModulesContainer());

    events.next({ type: 'node-up', node: 'a:6379' });
    events.next({ type: 'busy', holder: undefined, reason: 'held', resources: ['order:7'], waitedMs: 1 });
    events.next({ type: 'unavailable', resources: ['order:7'], waitedMs: 1 });
    expect([warn.mock.calls, log.mock.calls]).toEqual([[], []]);

    events.next({ type: 'node-down', node: 'a:6379', error: new Error('connect ECONNREFUSED') });
    events.next({ type: 'node-down', node: 'a:6379' });
    events.next({ type: 'node-down', node: 'a:6379', error: new Error('WRONGPASS') });
    events.next({ type: 'node-down', node: 'a:6379', error: new Error('WRONGPASS') });
    expect(warn.mock.calls).toEqual([
      ['Lock node a:6379 is down: connect ECONNREFUSED. It is tried again until it is back.'],
      ['Lock node a:6379 is down: WRONGPASS. It is tried again until it is back.'],
    ]);

    events.next({ type: 'node-up', node: 'a:6379' });
    events.next({ type: 'node-up', node: 'a:6379' });
    expect(log.mock.calls).toEqual([['Lock node a:6379 is back.']]);
  });

  it('tells of a node that is guarded, why and for how long, and when it grants again', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation();
    const events = new Subject<LockEvent>();
    new RedlockLifecycle({ events$: events.asObservable() }, {}, new ModulesContainer());

    events.next({ type: 'node-guarded', node: 'a:6379', reason: 'restarted', forMs: 59_100 });
    events.next({ type: 'node-guarded', node: 'b:6379', reason: 'duplicate', forMs: Infinity });
    events.next({ type: 'node-trusted', node: 'a:6379' });

    expect(warn.mock.calls).toEqual([
      [
        'Lock node a:6379 is guarded for 60 s and grants no locks: another server answers than before, or it was a replica meanwhile, so locks may be forgotten.',
      ],
      [
        'Lock node b:6379 is guarded and grants no locks: it is the same server as an earlier node, and a server has one vote. List each once.',
      ],
    ]);
    expect(log.mock.calls).toEqual([['Lock node a:6379 grants locks again.']]);
  });

  it('warns of a server that puts locks at risk', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const events = new Subject<LockEvent>();
    new RedlockLifecycle({ events$: events.asObservable() }, {}, new ModulesContainer());

    const message = 'a:6379 may remove locks when its memory is full. Set noeviction.';
    events.next({ type: 'node-warning', node: 'a:6379', warning: 'eviction', message });

    expect(warn.mock.calls).toEqual([[`Lock node ${message}`]]);
  });

  it.each([
    [1, 0],
    [2, 1],
    [3, 0],
    [4, 1],
  ])(
    'warns at the start of an application with %i nodes %i times, and leaves the process alone',
    async (count, times) => {
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
      const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
      const nodes = Array.from({ length: count }, () => new MemoryLockNode());
      const app = await Test.createTestingModule({ imports: [RedlockModule.forRoot({ nodes })] }).compile();

      await app.init();

      const lines = warn.mock.calls
        .map(([line]) => String(line))
        .filter((line) => line.includes('lock nodes'));
      expect(lines).toEqual(
        Array(times).fill(
          expect.stringMatching(
            /^\d lock nodes survive the failure of \d, and \d would survive as many.*Use an odd number\.$/,
          ),
        ),
      );
      expect(emitWarning).not.toHaveBeenCalled();
      await app.close();
    },
  );

  it.each([
    ['the options', undefined],
    ['the nodes', {}],
    ['the nodes, such as a text', { nodes: 'redis://a:6379' as unknown as [] }],
  ])('does not count the nodes where a test has put something else in the place of %s', (_what, options) => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();

    new RedlockLifecycle({}, options, new ModulesContainer()).onModuleInit();

    expect(warn).not.toHaveBeenCalled();
  });
});
