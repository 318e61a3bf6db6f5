import {
  Controller,
  Get,
  Injectable,
  Param,
  ParseIntPipe,
  Post,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { from, lastValueFrom } from 'rxjs';
import request from 'supertest';
import {
  CurrentLock,
  LockInterceptor,
  Locked,
  LockService,
  LockSignal,
  MemoryLockNode,
  RedlockModule,
  type Lock,
} from '../../../lib';
import { lockedHandlers } from './locked-handlers';
import { MemoryMasters } from './memory-masters';
import { describeLockedHandlers } from './transport-contract';

/** Goes on when the lock is lost. */
@Injectable()
class UntilLost implements NestInterceptor {
  constructor(private readonly locks: LockService) {}

  async intercept(_context: ExecutionContext, next: CallHandler) {
    const signal = this.locks.current()?.signal;
    await this.locks.forceRelease('lost');
    if (signal?.aborted === false) await once(signal, 'abort');
    return next.handle();
  }
}

/** Takes a lock without the help of the library. */
@Injectable()
class ByHand implements NestInterceptor {
  constructor(private readonly locks: LockService) {}

  intercept(_context: ExecutionContext, next: CallHandler) {
    return from(this.locks.withLock('by-hand', () => lastValueFrom<unknown>(next.handle())));
  }
}

const handlers = lockedHandlers({
  handler: (name) => Get(`${name}/:id`),
  id: Param('id', ParseIntPipe),
  key: 'order:<params.id>',
});

@Controller()
class OrderController extends handlers {
  @Post('free')
  free(@CurrentLock() lock?: Lock, @LockSignal() signal?: AbortSignal) {
    return { lock: lock ?? 'none', signal: signal ?? 'none' };
  }

  @Get('nested/:id')
  @UseInterceptors(LockInterceptor('tenant'), LockInterceptor('invoice', { connection: 'billing' }))
  @Locked('order:<0>')
  async nested(
    @Param('id') _id: string,
    @CurrentLock() innermost: Lock,
    @CurrentLock('tenant') tenant: Lock,
    @CurrentLock({ connection: 'billing' }) billing: Lock,
    @CurrentLock('nothing') nothing?: Lock,
  ) {
    return Promise.resolve([innermost, tenant, billing, nothing].map((lock) => lock?.resources.join() ?? ''));
  }

  @Get('billing')
  @UseInterceptors(LockInterceptor('invoice', { connection: 'billing' }))
  billing(@CurrentLock() lock: Lock) {
    return lock.resources;
  }

  @Get('by-hand')
  @UseInterceptors(ByHand)
  byHand(@CurrentLock() lock: Lock) {
    return lock.resources;
  }

  @Get('lost')
  @UseInterceptors(LockInterceptor('lost', { ttl: 600, onLost: 'ignore' }), UntilLost)
  lost(@LockSignal() signal?: AbortSignal) {
    return { aborted: signal?.aborted ?? 'no signal' };
  }
}

const platforms = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const;

describe.each(platforms)('locks in handlers of HTTP, on %s', (_platform, createAdapter) => {
  const masters = new MemoryMasters();
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [masters.module(), RedlockModule.forRoot({ name: 'billing', nodes: [new MemoryLockNode()] })],
      controllers: [OrderController],
    }).compile();
    app = module.createNestApplication(createAdapter() as ExpressAdapter);
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
  });

  afterAll(async () => {
    await app.close();
  });

  const http = () => request(app.getHttpServer() as Parameters<typeof request>[0]);

  describeLockedHandlers({
    async ask(handler, id) {
      const response = await http().get(`/${handler}/${id}`);
      if (!response.ok) throw response.body;
      return response.text;
    },
    locks: () => app.get(LockService),
    failNodes: () => masters.fail(),
  });

  it('gives a handler that runs under no lock none', async () => {
    await http().post('/free').expect(201, { lock: 'none', signal: 'none' });
  });

  it('gives a handler the innermost of its locks, and others by resource and connection', async () => {
    await http().get('/nested/7').expect(200, ['order:7', 'tenant', 'invoice', '']);
    await http().get('/billing').expect(200, ['invoice']);
    await http().get('/by-hand').expect(200, ['by-hand']);
  });

  it('gives a handler whose lock was lost before it began the signal that has aborted', async () => {
    await http().get('/lost').expect(200, { aborted: true });
  });
});
