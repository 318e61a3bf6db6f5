import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { Test } from '@nestjs/testing';
import { setImmediate } from 'node:timers/promises';
import { CurrentLock, Locked, LockBusyError, LockService, LockSignal, type Lock } from '../../../lib';
import { until } from '../../helpers/until';
import { MemoryMasters } from './memory-masters';
import { answerOf } from './transport-contract';

interface Paid {
  id: number;
}

@Injectable()
class OrderListener {
  constructor(private readonly locks: LockService) {}

  @OnEvent('above', { suppressErrors: false })
  @Locked('order:<0.id>', { wait: 0 })
  async above({ id }: Paid, @CurrentLock() lock?: Lock, @LockSignal() signal?: AbortSignal) {
    return Promise.resolve(answerOf(this.locks, id, lock, signal));
  }

  @Locked('order:<0.id>', { wait: 0 })
  @OnEvent('below', { suppressErrors: false })
  async below({ id }: Paid, @CurrentLock() lock?: Lock, @LockSignal() signal?: AbortSignal) {
    return Promise.resolve(answerOf(this.locks, id, lock, signal));
  }

  @OnEvent('failing', { suppressErrors: false })
  @Locked('order:<0.id>', { wait: 0 })
  async failing(_paid: Paid) {
    return Promise.reject(new TypeError('of the listener itself'));
  }

  @OnEvent('asking', { suppressErrors: false })
  async asking({ id }: Paid) {
    return this.locks.withLock(`order:${id}`, { wait: 0 }, () => id);
  }

  @OnEvent('suppressed')
  @Locked('order:<0.id>', { wait: 0 })
  async suppressed({ id }: Paid) {
    return Promise.resolve(id);
  }
}

describe('locks in event listeners', () => {
  const masters = new MemoryMasters();
  const log = { log: jest.fn(), warn: jest.fn(), error: jest.fn() };
  let app: INestApplicationContext;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [masters.module(), EventEmitterModule.forRoot()],
      providers: [OrderListener],
    })
      .setLogger(log)
      .compile();
    app = await module.init();
  });

  afterAll(async () => {
    await app.close();
  });

  const emit = (event: string) => app.get(EventEmitter2).emitAsync(event, { id: 7 });

  it.each(['above', 'below'])('run under their lock: %s', async (event) => {
    await expect(emit(event)).resolves.toEqual([
      { id: 7, held: ['order:7'], hasLock: true, hasSignal: true },
    ]);
  });

  it.each(['above', 'below'])('reject where errors are not suppressed: %s', async (event) => {
    await using _lock = await app.get(LockService).acquire('order:7');

    await expect(emit(event)).rejects.toThrow(LockBusyError);
  });

  // A rejection that nobody handles fails the test that runs, as it ends a process.
  it.each(['above', 'below', 'asking'])(
    'leave a line in the log, and no rejection, where nobody looks at the result: %s',
    async (event) => {
      await using _lock = await app.get(LockService).acquire('order:7');
      log.error.mockClear();

      app.get(EventEmitter2).emit(event, { id: 7 });

      await until('it is logged', () => log.error.mock.calls.length > 0);
      await setImmediate();
      expect(log.error).toHaveBeenCalledWith(
        expect.stringContaining('order:7'),
        expect.stringContaining('LockBusyError'),
        'RedlockModule',
      );
    },
  );

  it('fail with the error of the listener itself, which is not logged', async () => {
    log.error.mockClear();

    await expect(emit('failing')).rejects.toThrow(TypeError);

    expect(log.error).not.toHaveBeenCalled();
  });

  it('leave a line in the log where errors are suppressed', async () => {
    await using _lock = await app.get(LockService).acquire('order:7');

    await expect(emit('suppressed')).resolves.toEqual([undefined]);

    expect(log.error).toHaveBeenCalledWith(
      expect.stringContaining('order:7'),
      expect.stringContaining('LockBusyError'),
      'Event',
    );
  });
});
