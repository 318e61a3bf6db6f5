import { Controller, Get, Param, Query, type INestApplication, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { CurrentLock, Locked, MemoryLockNode, RedlockModule, type Lock } from '../../../lib';

let app: INestApplication;

async function start(...controllers: Type[]): Promise<void> {
  const module = await Test.createTestingModule({
    imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
    controllers,
  }).compile();
  app = module.createNestApplication();
  await app.init();
}

const ask = async (path: string) =>
  (
    await request(app.getHttpServer() as never)
      .get(path)
      .expect(200)
  ).body as unknown;

describe('a locked handler gets the arguments that it would get without a lock', () => {
  afterEach(() => app.close());

  it('in a controller, and in those that extend it, whichever comes first', async () => {
    @Controller('base')
    class Base {
      @Get(':id')
      @Locked((...args: unknown[]) => `order:${args.length}`)
      async one(@Param('id') id: string, @CurrentLock() lock: Lock, ...rest: unknown[]) {
        return Promise.resolve([id, lock.resources, rest.length]);
      }
    }

    @Controller('sub')
    class Sub extends Base {}

    for (const order of [
      [Base, Sub],
      [Sub, Base],
    ]) {
      await start(...order);

      expect(await ask('/base/7')).toEqual(['7', ['order:2'], 0]);
      expect(await ask('/sub/7')).toEqual(['7', ['order:2'], 0]);
      await app.close();
    }
  });

  it('in a controller that was made after its base class had answered requests, with more parameters', async () => {
    @Controller('base')
    class Base {
      @Get(':id')
      @Locked('order:<0>')
      async one(@Param('id') id: string): Promise<unknown[]> {
        return Promise.resolve([id]);
      }
    }
    await start(Base);
    await ask('/base/7');
    await app.close();

    @Controller('sub')
    class Sub extends Base {
      @Get(':id')
      @Locked('order:<0>:<2>')
      override async one(@Param('id') id: string, forOtherCallers?: unknown, @Query('b') b?: string) {
        return Promise.resolve([id, typeof forOtherCallers, b]);
      }
    }
    await start(Base, Sub);

    expect(await ask('/base/7')).toEqual(['7']);
    expect(await ask('/sub/7?b=y')).toEqual(['7', 'undefined', 'y']);
  });
});
