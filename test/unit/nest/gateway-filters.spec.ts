import { Injectable, UseFilters, UseInterceptors, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { LockExceptionFilter, Locked, LockInterceptor, MemoryLockNode, RedlockModule } from '../../../lib';
import { warningsForEachTest } from '../../helpers/logged-warnings';

@WebSocketGateway()
class OnMethod {
  @SubscribeMessage('other') other() {}
  @SubscribeMessage('pay') @Locked('order') async pay() {
    return Promise.resolve();
  }
}

@WebSocketGateway()
class ByInterceptor {
  @SubscribeMessage('pay') @UseInterceptors(LockInterceptor('order')) pay() {}
}

@WebSocketGateway()
@UseInterceptors(LockInterceptor('order'))
class OnClass {
  @SubscribeMessage('pay') pay() {}
}

@WebSocketGateway()
@UseFilters(LockExceptionFilter)
class Filtered {
  @SubscribeMessage('pay') @Locked('order') async pay() {
    return Promise.resolve();
  }
}

@WebSocketGateway()
class FilteredMethod {
  @SubscribeMessage('pay') @UseFilters(LockExceptionFilter) @Locked('order') async pay() {
    return Promise.resolve();
  }
}

@WebSocketGateway()
class Unlocked {
  @SubscribeMessage('pay') pay() {}
  @Locked('order') async helper() {
    return Promise.resolve();
  }
}

@Injectable()
class NoGateway {
  @Locked('order') async pay() {
    return Promise.resolve();
  }
}

describe('the start of the application warns of a gateway whose lock errors no filter answers', () => {
  const warnings = warningsForEachTest();

  async function start(providers: Type<object>[], exceptionFilter?: boolean) {
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()], exceptionFilter })],
      providers,
    }).compile();
    await module.init();
    await module.close();
    return warnings.filter((text) => text.includes('@UseFilters(LockExceptionFilter)'));
  }

  it.each([
    ['@Locked', OnMethod],
    ['LockInterceptor on the method', ByInterceptor],
    ['LockInterceptor on the class', OnClass],
  ])('with %s', async (_what, gateway) => {
    await expect(start([gateway])).resolves.toEqual([
      expect.stringMatching(new RegExp(`^${gateway.name}\\.pay takes a lock`)),
    ]);
  });

  it('and not where it has a filter, or no lock on its handlers', async () => {
    await expect(start([Filtered, FilteredMethod, Unlocked, NoGateway])).resolves.toEqual([]);
  });

  it('and not where the module leaves the answers to other filters', async () => {
    await expect(start([OnMethod], false)).resolves.toEqual([]);
  });
});
