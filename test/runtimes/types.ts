// What users write, for compilers other than the one of this project; `npm run test:matrix -- --runtime typescript-5.0,typescript-7`.
// It is only compiled. There is no `await using`, which TypeScript 5.0 does not know.
import { Controller, Get, Injectable, Module, Param, UseInterceptors } from '@nestjs/common';
import {
  createLockService,
  CurrentLock,
  InjectLockService,
  LeaderOnly,
  Limited,
  LockBusyError,
  Locked,
  LockInterceptor,
  LockKey,
  LockService,
  LockSignal,
  RedlockModule,
  type Lock,
  type RedlockModuleOptions,
} from '@nest-quorum/redlock';
import { RedlockBoardModule } from '@nest-quorum/redlock/board';
import { StaleFenceError } from '@nest-quorum/redlock/fencing';
import { LockTester, RedlockTestingModule } from '@nest-quorum/redlock/testing';

interface Order {
  readonly id: string;
}

@Injectable()
export class Orders {
  constructor(
    private readonly locks: LockService,
    @InjectLockService() readonly same: LockService,
  ) {}

  @Locked('order:<0>')
  async pay(id: string): Promise<string> {
    return Promise.resolve(`paid ${id}`);
  }

  @Locked((order: Order) => `order:${order.id}`, { wait: 0, onBusy: () => 'later' })
  async ship(order: Order): Promise<string> {
    return Promise.resolve(order.id);
  }

  @Locked('order:<id>', { onLost: 'ignore' })
  async cancel(reason: string, @LockKey('id') id: string): Promise<number> {
    return Promise.resolve(reason.length + id.length);
  }

  @Limited('carrier', { limit: 5 })
  async quote(): Promise<void> {
    const held: number = await this.locks.withLock('quote', { ttl: 1_000 }, (lock) => lock.resources.length);
    const skipped: number | undefined = await this.locks.withLock('quote', { onBusy: 'skip' }, () => held);
    const fenced = await this.locks.acquire('quote', { fencing: true });
    const token: number = fenced.fencingToken;
    await fenced.release();
    throw new StaleFenceError({ resources: [String(skipped)], token });
  }

  @LeaderOnly('reports')
  async report(): Promise<void> {
    const lock: Lock | null = await this.locks.tryAcquire('report').catch((error: unknown) => {
      if (error instanceof LockBusyError) return null;
      throw error;
    });
    await lock?.release();
  }

  // @ts-expect-error the method has no argument with the position 1
  @Locked('order:<1>')
  async wrong(id: string): Promise<string> {
    return Promise.resolve(id);
  }
}

@Controller('orders')
export class OrderController {
  @Get(':id')
  @UseInterceptors(LockInterceptor('order:<params.id>'))
  find(@Param('id') id: string, @CurrentLock() lock: Lock, @LockSignal() signal: AbortSignal): string {
    return `${id} ${String(lock.isHeld)} ${String(signal.aborted)}`;
  }
}

@Module({
  imports: [
    RedlockModule.forRootAsync({
      useFactory: (): RedlockModuleOptions => ({ nodes: ['redis://localhost:6379'] }),
    }),
    RedlockBoardModule.forRoot({
      path: 'locks',
      authorize: (request: { isOperator?: boolean }) => request.isOperator === true,
    }),
    RedlockTestingModule.forRoot(),
  ],
  providers: [Orders, LockTester],
  controllers: [OrderController],
})
export class AppModule {}

export const standalone: LockService = createLockService({ nodes: ['redis://localhost:6379'] });
