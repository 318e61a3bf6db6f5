import { Controller, Module, Post, type INestApplication, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { Locked, LockService, RedlockModule } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { loseLock } from '../../helpers/lose-lock';

@Controller('orders/7')
class Orders {
  constructor(private readonly locks: LockService) {}

  @Post('busy')
  @Locked('order:7', { wait: 0 })
  async busy(): Promise<string> {
    return Promise.resolve('free');
  }

  @Post('lost')
  @Locked('lost:7')
  async lost(): Promise<void> {
    await loseLock(this.locks);
  }
}

describe('what TRANSPORTS.md has clients be answered', () => {
  let world: DocumentWorld;
  let app: INestApplication;

  beforeAll(async () => {
    world = await DocumentWorld.start();
  });

  afterEach(async () => {
    await app.close();
  });

  afterAll(async () => {
    await world.stop();
  });

  async function start(AppModule: Type, controller: Type = Orders) {
    const module = await Test.createTestingModule({
      imports: [AppModule],
      controllers: [controller],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(false);
    return app;
  }

  const post = async (path: string) => {
    await app.init();
    return request(app.getHttpServer() as Parameters<typeof request>[0]).post(path);
  };

  it('has the status, the words and the pause of the module', async () => {
    const { AppModule } = runBlock('docs/TRANSPORTS.md', 'retryAfter: 5_000', world) as { AppModule: Type };
    await start(AppModule);
    await using _other = await world.others.acquire('order:7');

    const answer = await post('/orders/7/busy');

    expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
      423,
      '5',
      expect.objectContaining({ code: 'LOCK_BUSY', message: 'Somebody else edits this order.' }),
    ]);
  });

  it('has the pause of the module while too few nodes answer', async () => {
    const { AppModule } = runBlock('docs/TRANSPORTS.md', 'retryAfter: 5_000', {
      // Nobody listens there: two of the three are down.
      change: (code) =>
        world.change(code.replace('//b:6379', '//127.0.0.1:1').replace('//c:6379', '//127.0.0.1:2')),
    }) as { AppModule: Type };
    await start(AppModule);

    const answer = await post('/orders/7/busy');

    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '30']);
  });

  it('is a mapping of the catch-all filter of the application', async () => {
    const { AllExceptionsFilter } = runBlock('docs/TRANSPORTS.md', 'class AllExceptionsFilter') as {
      AllExceptionsFilter: Type;
    };
    await start(application());
    const { httpAdapter } = app.get(HttpAdapterHost);
    app.useGlobalFilters(new AllExceptionsFilter(httpAdapter) as never);

    const other = await world.others.acquire('order:7');
    const busy = await post('/orders/7/busy');
    await other.release();
    const free = await post('/orders/7/busy');
    const lost = await post('/orders/7/lost');

    expect([busy.status, free.status, lost.status]).toEqual([409, 201, 500]);
    expect(busy.body).toMatchObject({ code: 'LOCK_BUSY' });
    // Without the mapping, Nest would not tell the code.
    expect(lost.body).toMatchObject({ code: 'LOCK_LOST' });
  });

  it('is in the OpenAPI document', async () => {
    const { OrderController } = runBlock('docs/TRANSPORTS.md', 'ApiCreatedResponse') as {
      OrderController: Type;
    };
    await start(application(), OrderController);

    const paid = await post('/orders/7/payments');
    const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().build());

    expect([paid.status, paid.text]).toEqual([201, 'paid 7']);
    expect(paths['/orders/{id}/payments']?.post?.responses).toMatchObject({
      201: {},
      409: { description: 'Another payment for this order is under way.' },
      503: {},
    });
  });

  function application(): Type {
    @Module({ imports: [RedlockModule.forRoot({ nodes: world.nodes, exceptionFilter: false })] })
    class AppModule {}

    return AppModule;
  }
});
