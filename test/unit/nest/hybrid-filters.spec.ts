import {
  Controller,
  Injectable,
  Scope,
  UseFilters,
  UseInterceptors,
  type NestHybridApplicationOptions,
  type Type,
} from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import {
  EventPattern,
  MessagePattern,
  Server,
  Transport,
  type CustomTransportStrategy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { LockExceptionFilter, Locked, LockInterceptor, MemoryLockNode, RedlockModule } from '../../../lib';
import { warningsForEachTest } from '../../helpers/logged-warnings';
import { nestMajor } from '../../helpers/nest-major';

@Controller()
class OnMethod {
  @MessagePattern('other') other() {}
  @MessagePattern('pay') @Locked('order') async pay() {
    return Promise.resolve();
  }
}

@Controller()
class Twice {
  @MessagePattern('pay') @Locked('order') async pay() {
    return Promise.resolve();
  }
  @MessagePattern('refund') @Locked('order') async refund() {
    return Promise.resolve();
  }
}

@Controller()
class OnEvent {
  @EventPattern('paid') @Locked('order') async pay(_order: unknown) {
    return Promise.resolve();
  }
}

@Controller()
class ByInterceptor {
  @MessagePattern('pay') @UseInterceptors(LockInterceptor('order')) pay() {}
}

@Controller()
@UseInterceptors(LockInterceptor('order'))
class OnClass {
  @MessagePattern('pay') pay() {}
}

@Controller()
@UseFilters(LockExceptionFilter)
class Filtered {
  @MessagePattern('pay') @Locked('order') async pay() {
    return Promise.resolve();
  }
}

@Controller()
class FilteredMethod {
  @MessagePattern('refund') @UseFilters(LockExceptionFilter) @Locked('order') async refund() {
    return Promise.resolve();
  }
}

@Controller()
class Unlocked {
  @MessagePattern('count') count() {}
  @Locked('order') async helper() {
    return Promise.resolve();
  }
}

@Controller({ scope: Scope.REQUEST })
class PerRequest {
  @MessagePattern('pay') @Locked('order') async pay() {
    return Promise.resolve();
  }
}

@Controller()
class OverNats {
  @MessagePattern('pay', Transport.NATS) @Locked('order') async pay() {
    return Promise.resolve();
  }
}

@Controller()
class OverTcp {
  @MessagePattern('pay', Transport.TCP) @Locked('order') async pay() {
    return Promise.resolve();
  }
}

@Controller()
class OverHttp {
  @Locked('order') async pay() {
    return Promise.resolve();
  }
}

@Injectable()
class NoController {
  @MessagePattern('pay') @Locked('order') async pay() {
    return Promise.resolve();
  }
}

/** A transport that has no connections. */
class Nowhere extends Server implements CustomTransportStrategy {
  override readonly transportId = Transport.TCP;
  listen(listening: () => void) {
    listening();
  }
  close() {}
  on() {}
  unwrap(): never {
    throw new Error('there is nothing');
  }
}

const nowhere = (): MicroserviceOptions => ({ strategy: new Nowhere() });

/** Nest tells of its microservices from 11 on. */
const describeFrom11 = nestMajor >= 11 ? describe : describe.skip;

describeFrom11('the start of a microservice in an HTTP application', () => {
  const warnings = warningsForEachTest();
  const ours = () => warnings.filter((text) => text.includes('inheritAppConfig: true'));

  const compile = async (controllers: Type<object>[], exceptionFilter?: boolean) =>
    Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()], exceptionFilter })],
      controllers,
      providers: [NoController],
    }).compile();

  async function start(controllers: Type<object>[], ...connected: NestHybridApplicationOptions[]) {
    const app = (await compile(controllers)).createNestApplication();
    for (const hybrid of connected) app.connectMicroservice(nowhere(), hybrid);
    await app.startAllMicroservices();
    await app.init();
    await app.close();
    return ours();
  }

  it.each([
    ['@Locked', OnMethod],
    ['@Locked on an event', OnEvent],
    ['LockInterceptor on the method', ByInterceptor],
    ['LockInterceptor on the class', OnClass],
    ['@Locked, for this transport alone,', OverTcp],
    ['@Locked beside another one', Twice],
  ])('warns of a handler with %s that has no filter', async (_what, controller) => {
    await expect(start([controller], {})).resolves.toEqual([
      expect.stringMatching(new RegExp(`^${controller.name}\\.pay takes a lock`)),
    ]);
  });

  it('does not warn where the microservice inherits the filters of the application', async () => {
    await expect(start([OnMethod, OnEvent], { inheritAppConfig: true })).resolves.toEqual([]);
  });

  it('does not warn of handlers with a filter of their own, or without a lock', async () => {
    await expect(start([Filtered, FilteredMethod, Unlocked, OverHttp], {})).resolves.toEqual([]);
  });

  it.each([
    [{}, { inheritAppConfig: true }],
    [{ inheritAppConfig: true }, {}],
  ])('warns of one of several microservices, whichever is connected first: %j, %j', async (first, second) => {
    await expect(start([OnMethod], first, second)).resolves.toHaveLength(1);
  });

  it('says nothing of microservices that had their handlers before a module was loaded', async () => {
    const app = (await compile([OnMethod])).createNestApplication();
    app.connectMicroservice(nowhere(), { inheritAppConfig: true });
    const billing = RedlockModule.forRoot({ name: 'billing', nodes: [new MemoryLockNode()] });
    await app.get(LazyModuleLoader).load(() => billing);
    await app.init();
    await app.close();

    expect(ours()).toEqual([]);
  });

  it('does not warn of handlers of another transport', async () => {
    await expect(start([OverNats, Unlocked], {})).resolves.toEqual([]);
  });

  it('warns of a handler whose object is made for each message, where another shows that the filter is missing', async () => {
    await expect(start([PerRequest, Unlocked], {})).resolves.toEqual([
      expect.stringMatching(/^PerRequest\.pay takes a lock/),
    ]);
  });

  it.each([{}, { inheritAppConfig: true }])(
    'says nothing where all handlers are prepared for each message, with %j',
    async (hybrid) => {
      await expect(start([PerRequest], hybrid)).resolves.toEqual([]);
    },
  );

  it('says nothing where its filters may still be set', async () => {
    const app = (await compile([OnMethod])).createNestApplication();
    const microservice = app.connectMicroservice(nowhere(), { deferInitialization: true });
    microservice.useGlobalFilters(new LockExceptionFilter(app.getHttpAdapter() as never));
    await app.startAllMicroservices();
    await app.init();
    await app.close();

    expect(ours()).toEqual([]);
  });

  it('warns when it is connected after the start of the application', async () => {
    const app = (await compile([OnMethod])).createNestApplication();
    await app.init();
    app.connectMicroservice(nowhere());
    await app.startAllMicroservices();
    await app.close();

    expect(ours()).toEqual([expect.stringMatching(/^OnMethod\.pay takes a lock/)]);
  });

  it('says nothing where the module leaves the answers to other filters', async () => {
    const app = (await compile([OnMethod], false)).createNestApplication();
    app.connectMicroservice(nowhere());
    await app.init();
    await app.close();

    expect(ours()).toEqual([]);
  });

  it.each([undefined, false])(
    'says nothing of an application that is a microservice alone, with exceptionFilter %s',
    async (exceptionFilter) => {
      const app = (await compile([OnMethod], exceptionFilter)).createNestMicroservice(nowhere());
      await app.listen();
      await app.close();

      expect(ours()).toEqual([]);
    },
  );
});
