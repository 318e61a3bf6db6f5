import { Controller, Get, type INestApplication } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { getLockServiceToken, LockService } from '../../../lib';
import { RedlockHealthIndicator, RedlockHealthModule } from '../../../lib/health';
import { LockTester, RedlockTestingModule } from '../../../lib/testing';

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redlock: RedlockHealthIndicator,
  ) {}

  @Get('health')
  @HealthCheck()
  check() {
    return this.health.check([
      () => this.redlock.isHealthy(),
      () => this.redlock.isHealthy('billing', { connection: 'billing' }),
    ]);
  }
}

describe('RedlockHealthIndicator', () => {
  let app: INestApplication;

  beforeEach(async () => {
    const module = await Test.createTestingModule({
      imports: [
        TerminusModule.forRoot({ logger: false }),
        RedlockHealthModule,
        RedlockTestingModule.forRoot(),
        RedlockTestingModule.forRoot({ name: 'billing', nodes: 1 }),
      ],
      controllers: [HealthController],
    }).compile();
    app = module.createNestApplication();
    await app.init();
  });

  afterEach(() => app.close());

  const get = async () => {
    const response = await request(app.getHttpServer() as Parameters<typeof request>[0]).get('/health');
    return { status: response.status, body: response.body as { details: Record<string, unknown> } };
  };

  it('is up while every node answers, and tells how many of them may fail', async () => {
    const { status, body } = await get();

    expect(status).toBe(200);
    expect(body.details).toEqual({
      locks: {
        status: 'up',
        quorum: 2,
        mayFail: 1,
        nodes: { 'testing-1': { state: 'up' }, 'testing-2': { state: 'up' }, 'testing-3': { state: 'up' } },
      },
      billing: { status: 'up', quorum: 1, mayFail: 0, nodes: { 'testing-1': { state: 'up' } } },
    });
  });

  it('is up while a majority answers, and tells which node is down and why', async () => {
    LockTester.of(app.get(LockService)).failNodes(1);

    const { status, body } = await get();

    expect(status).toBe(200);
    expect(body.details['locks']).toMatchObject({
      status: 'up',
      mayFail: 0,
      nodes: { 'testing-1': { state: 'down', error: 'testing-1 was failed by the test' } },
    });
  });

  it('is down, with HTTP 503, when no majority answers', async () => {
    LockTester.of(app.get(LockService)).failNodes(2);

    const { status, body } = await get();

    expect(status).toBe(503);
    expect(body.details['locks']).toMatchObject({ status: 'down', mayFail: 0 });
    expect(body.details['billing']).toMatchObject({ status: 'up' });
  });

  it('is down once the lock service is closed', async () => {
    await app.get<LockService>(getLockServiceToken('billing')).close();

    expect((await get()).body.details['billing']).toMatchObject({ status: 'down' });
  });
});
