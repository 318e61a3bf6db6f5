import { Controller, Get, HttpCode, Res, UseInterceptors, type INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { LockInterceptor, Locked, MemoryLockNode, RedlockModule } from '../../../lib';

/** The part of a reply of Express or Fastify that is used here. */
interface Reply {
  send(body: unknown): void;
}

const ran = jest.fn();
const onUnavailable = () => ({ later: true });
const Later = LockInterceptor('report', { wait: 0, onUnavailable });

@Controller()
class Reports {
  @Get('value')
  @UseInterceptors(Later)
  value() {
    return { ran: ran() as unknown };
  }

  @Get('sent')
  @HttpCode(202)
  @UseInterceptors(Later)
  sent(@Res() reply: Reply) {
    reply.send(ran());
  }

  @Get('locked-value')
  @Locked('report', { wait: 0, onUnavailable })
  async lockedValue(): Promise<object> {
    return Promise.resolve({ ran: ran() as unknown });
  }

  @Get('locked-sent')
  @HttpCode(202)
  @Locked('report', { wait: 0, onUnavailable })
  async lockedSent(@Res() reply: Reply): Promise<object> {
    reply.send(ran());
    return Promise.resolve({});
  }
}

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('without a node that answers, on %s', (_platform, createAdapter) => {
  let app: INestApplication;

  beforeAll(async () => {
    const node = new MemoryLockNode();
    await node.close();
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [node] })],
      controllers: [Reports],
    }).compile();
    app = module.createNestApplication(createAdapter() as ExpressAdapter);
    app.useLogger(false);
    await app.init();
    await (app.getHttpAdapter().getInstance() as { ready?: () => Promise<unknown> }).ready?.();
  });

  afterAll(() => app.close());

  it.each([
    ['value', 200],
    ['sent', 202],
    ['locked-value', 200],
    ['locked-sent', 202],
  ])('/%s answers what onUnavailable comes to, and says that it was skipped', async (path, status) => {
    await request(app.getHttpServer() as Parameters<typeof request>[0])
      .get(`/${path}`)
      .expect(status, { later: true })
      .expect('Lock-Skipped', 'true');
    expect(ran).not.toHaveBeenCalled();
  });
});
