// A test as users of vitest write it, with `globals: true`. Started by `npm run test:matrix`.
import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Locked, LockBusyError, LockLostError, LockService } from '@nest-quorum/redlock';
import { LockTester, RedlockTestingModule } from '@nest-quorum/redlock/testing';

declare const vi: {
  useFakeTimers(): void;
  useRealTimers(): void;
  advanceTimersByTimeAsync(ms: number): Promise<void>;
};

@Injectable()
class Orders {
  // Injected by its type, which the compiler leaves behind.
  constructor(readonly locks: LockService) {}

  @Locked('order:<0>', { wait: 0 })
  async pay(id: string): Promise<boolean | undefined> {
    return Promise.resolve(this.locks.current(`order:${id}`)?.isHeld);
  }
}

describe('a locked method under vitest', () => {
  let module: TestingModule;

  beforeEach(async () => {
    module = await Test.createTestingModule({
      imports: [RedlockTestingModule.forRoot()],
      providers: [Orders],
    }).compile();
    await module.init();
  });
  afterEach(async () => {
    vi.useRealTimers();
    await module.close();
  });

  it('runs under its lock', async () => {
    expect(await module.get(Orders).pay('7')).toBe(true);
  });

  it('is busy while somebody else holds it', async () => {
    await module.get(LockTester).hold('order:7');

    await expect(module.get(Orders).pay('7')).rejects.toThrow(LockBusyError);
  });

  it('follows fake timers', async () => {
    vi.useFakeTimers();
    const lock = await module.get(LockService).acquire('order:8', { ttl: 1_000, autoExtend: false });

    await vi.advanceTimersByTimeAsync(1_000);

    expect(lock.isHeld).toBe(false);
    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
  });
});
