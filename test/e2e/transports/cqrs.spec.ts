import { type INestApplicationContext } from '@nestjs/common';
import {
  CommandBus,
  CommandHandler,
  CqrsModule,
  EventBus,
  EventsHandler,
  QueryBus,
  QueryHandler,
  UnhandledExceptionBus,
  type ICommandHandler,
  type IEventHandler,
  type IQueryHandler,
} from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { firstValueFrom, Subject } from 'rxjs';
import {
  CurrentLock,
  Locked,
  LockBusyError,
  LockService,
  LockSignal,
  LockUnavailableError,
  type Lock,
} from '../../../lib';
import { MemoryMasters } from './memory-masters';
import { answerOf } from './transport-contract';

class PayOrder {
  constructor(readonly id: number) {}
}

class FindOrder {
  constructor(readonly id: number) {}
}

class OrderPaid {
  constructor(readonly id: number) {}
}

@CommandHandler(PayOrder)
class PayOrderHandler implements ICommandHandler<PayOrder> {
  constructor(private readonly locks: LockService) {}

  @Locked('order:<0.id>', { wait: 0 })
  async execute({ id }: PayOrder, @CurrentLock() lock?: Lock, @LockSignal() signal?: AbortSignal) {
    return Promise.resolve(answerOf(this.locks, id, lock, signal));
  }
}

@QueryHandler(FindOrder)
class FindOrderHandler implements IQueryHandler<FindOrder> {
  constructor(private readonly locks: LockService) {}

  @Locked('order:<0.id>', { wait: 0 })
  async execute({ id }: FindOrder, @CurrentLock() lock?: Lock, @LockSignal() signal?: AbortSignal) {
    return Promise.resolve(answerOf(this.locks, id, lock, signal));
  }
}

@EventsHandler(OrderPaid)
class OrderPaidHandler implements IEventHandler<OrderPaid> {
  readonly handled = new Subject<unknown>();

  constructor(private readonly locks: LockService) {}

  @Locked('order:<0.id>', { wait: 0 })
  async handle({ id }: OrderPaid, @CurrentLock() lock?: Lock): Promise<void> {
    this.handled.next(answerOf(this.locks, id, lock, lock?.signal));
    return Promise.resolve();
  }
}

describe('locks in handlers of commands, queries and events', () => {
  const masters = new MemoryMasters();
  const answer = { id: 7, held: ['order:7'], hasLock: true, hasSignal: true };
  let app: INestApplicationContext;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [masters.module(), CqrsModule.forRoot()],
      providers: [PayOrderHandler, FindOrderHandler, OrderPaidHandler],
    }).compile();
    module.useLogger(false);
    app = await module.init();
  });

  afterAll(async () => {
    await app.close();
  });

  const runs: [string, () => Promise<unknown>][] = [
    ['a command', () => app.get(CommandBus).execute(new PayOrder(7))],
    ['a query', () => app.get(QueryBus).execute(new FindOrder(7))],
  ];

  it.each(runs)('run %s under its lock', async (_what, run) => {
    await expect(run()).resolves.toEqual(answer);
  });

  it.each(runs)('reject %s while somebody else holds the lock', async (_what, run) => {
    await using _lock = await app.get(LockService).acquire('order:7');

    await expect(run()).rejects.toThrow(LockBusyError);
  });

  it.each(runs)('reject %s while locks are not available', async (_what, run) => {
    const repair = await masters.fail();

    await expect(run()).rejects.toThrow(LockUnavailableError);
    await repair();
  });

  it('run an event under its lock, and report one that was busy', async () => {
    const handled = firstValueFrom(app.get(OrderPaidHandler).handled);
    app.get(EventBus).publish(new OrderPaid(7));
    await expect(handled).resolves.toEqual(answer);

    await using _lock = await app.get(LockService).acquire('order:7', { wait: 5_000 });
    const unhandled = firstValueFrom(app.get(UnhandledExceptionBus));
    app.get(EventBus).publish(new OrderPaid(7));

    await expect(unhandled).resolves.toMatchObject({ exception: expect.any(LockBusyError) as unknown });
  });
});
