import { Controller, Get, Injectable, UseInterceptors, type Type } from '@nestjs/common';
import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { CommandHandler, EventsHandler } from '@nestjs/cqrs';
import { OnEvent } from '@nestjs/event-emitter';
import { Int, Query, ResolveField, Resolver, ResolveReference } from '@nestjs/graphql';
import { MessagePattern } from '@nestjs/microservices';
import { Cron, Interval } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { LockInterceptor, MemoryLockNode, RedlockModule } from '../../../lib';
import { warningsForEachTest } from '../../helpers/logged-warnings';

const Lock = () => UseInterceptors(LockInterceptor('order'));

class Paid {}

@Injectable()
class Jobs {
  @Cron('0 3 * * *') @Lock() nightly() {}
  @Lock() @Interval(1_000) often() {}
  @OnEvent('paid') @Lock() onPaid() {}
  @Lock() helper() {}
  @Cron('0 3 * * *') unlocked() {}
}

@Processor('orders')
@Lock()
class Worker extends WorkerHost {
  async process() {
    return Promise.resolve();
  }
  @OnWorkerEvent('completed') @Lock() onCompleted() {}
}

@CommandHandler(Paid)
class Pay {
  @Lock() async execute() {
    return Promise.resolve();
  }
}

@EventsHandler(Paid)
class Receipt {
  @Lock() handle() {}
}

@Resolver('Order')
class Orders {
  @Query(() => Int) @Lock() count() {
    return 1;
  }
  @ResolveField(() => Int) @Lock() total() {
    return 1;
  }
}

@WebSocketGateway()
@Lock()
class Gateway {
  @SubscribeMessage('pay') pay() {}
  @OnEvent('paid') tellAll() {}
  @OnEvent('sent') @Lock() tellMore() {}
}

@Resolver()
@Lock()
class Counts {
  @Query(() => Int) count() {
    return 1;
  }
  @OnEvent('paid') forget() {}
}

@Injectable()
class OddlyNamed {
  helper() {}
  @OnEvent('paid') @Lock() onPaid() {}
}
Object.defineProperty(OddlyNamed, 'name', { value: Symbol('odd') });

@Controller()
@Lock()
class Routes {
  @Get() @Lock() get() {}
  @Cron('0 3 * * *') unlocked() {}
}

@Controller()
class Mixed {
  @Get() @Lock() get() {}
  @MessagePattern('pay') @Lock() pay() {}
  @Cron('0 3 * * *') @Lock() nightly() {}
  @OnEvent('paid') @Lock() onPaid() {}
}

@Resolver('Order')
class References {
  @ResolveReference() @Lock() find() {
    return {};
  }
}

@Resolver('Order')
@Lock()
class AllFields {
  @ResolveField(() => Int) total() {
    return 1;
  }
}

describe('the start of the application warns of a LockInterceptor that Nest does not call', () => {
  const warnings = warningsForEachTest();

  async function start(providers: object[], graphql: object = {}, controllers: Type<object>[] = []) {
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      controllers: [Routes, ...controllers],
      providers: [...(providers as []), { provide: 'GqlModuleOptions', useFactory: () => graphql }],
    }).compile();
    await module.init();
    await module.close();
    return warnings.map((text) => /^LockInterceptor on (\S+) takes no lock/.exec(text)?.[1]).sort();
  }

  it('on jobs, listeners, processors, and handlers of commands and events', async () => {
    expect(await start([Jobs, Worker, Pay, Receipt])).toEqual(
      [
        ...['Jobs.nightly', 'Jobs.often', 'Jobs.onPaid', 'Pay.execute', 'Receipt.handle'],
        ...['Worker.onCompleted', 'Worker.process'],
      ].sort(),
    );
  });

  it('on field resolvers without the option for them, and not on queries', async () => {
    expect(await start([Orders], { fieldResolverEnhancers: ['guards'] })).toEqual(['Orders.total']);
    expect(warnings[0]).toContain("fieldResolverEnhancers: ['interceptors']");
  });

  it('on resolvers of references, and of fields where the class has the interceptor', async () => {
    expect(await start([References, AllFields])).toEqual(['AllFields.total', 'References.find']);
  });

  it('on jobs and listeners of a controller, and not on its routes and messages', async () => {
    expect(await start([], {}, [Mixed])).toEqual(['Mixed.nightly', 'Mixed.onPaid']);
  });

  it('on what a factory or a value gives, without a look at a mock', async () => {
    const reads: unknown[] = [];
    const mock = new Proxy(new Jobs(), {
      get: (target, key, receiver) => {
        reads.push(key);
        return Reflect.get(target, key, receiver) as unknown;
      },
    });

    const bypassed = await start([
      { provide: 'jobs', useFactory: () => new Jobs() },
      { provide: 'receipt', useValue: new Receipt() },
      { provide: 'worker', useFactory: async () => Promise.resolve(new Worker()) },
      { provide: 'mock', useValue: mock },
      { provide: 'nothing', useFactory: () => undefined },
      { provide: 'plain', useValue: Object.create(null) as object },
    ]);

    expect(bypassed).toEqual(
      [
        ...['Jobs.nightly', 'Jobs.often', 'Jobs.onPaid', 'Receipt.handle'],
        ...['Worker.onCompleted', 'Worker.process'],
      ].sort(),
    );
    expect(reads.filter((key) => ['nightly', 'often', 'onPaid'].includes(String(key)))).toEqual([]);
  });

  it('and not on field resolvers with that option', async () => {
    expect(
      await start([Orders, References, AllFields], { fieldResolverEnhancers: ['interceptors'] }),
    ).toEqual([]);
  });

  it('and not on listeners of a gateway or a resolver for an interceptor that its class has for the others', async () => {
    expect(await start([Gateway, Counts])).toEqual(['Gateway.tellMore']);
  });

  it('and copes with a class that has another `name`', async () => {
    await start([OddlyNamed]);
    expect(warnings[0]).toContain('LockInterceptor on a class.onPaid takes no lock');
  });
});
