import { Controller, Get, type INestApplication } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import {
  getLockServiceToken,
  LockOptionsError,
  LockService,
  RedlockModule,
  type ServerProduct,
} from '../../../lib';
import { RedlockHealthIndicator, RedlockHealthModule } from '../../../lib/health';
import { LockTester, RedlockTestingModule } from '../../../lib/testing';
import { ScriptedNode } from '../../helpers/scripted-node';

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
      () => this.redlock.isHealthy('locks', { details: 'all' }),
      () => this.redlock.isHealthy('billing', { connection: 'billing', details: 'all' }),
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

  it('is down while a majority is guarded, and tells which nodes are, why and for how long', async () => {
    const guarded = ['a', 'b', 'c'].map((name) => new ScriptedNode(name));
    const module = await Test.createTestingModule({
      imports: [
        TerminusModule.forRoot({ logger: false }),
        RedlockHealthModule,
        RedlockModule.forRoot({ nodes: guarded }),
      ],
    }).compile();
    const indicator = module.get(RedlockHealthIndicator);
    const tell = (position: number, runId: string) => {
      guarded[position]?.tell({ status: 'up', servers: [{ runId, uptimeMs: 3_600_000 }] });
    };
    for (const [position, runId] of ['run a', 'run b', 'run c'].entries()) tell(position, runId);
    tell(0, 'another');

    const oneGuarded = await indicator.isHealthy('locks', { details: 'all' });
    tell(1, 'run a');
    tell(0, 'run a');
    const twoGuarded = await indicator.isHealthy('locks', { details: 'all' });
    await module.close();

    const restarted = { state: 'guarded', reason: 'restarted', forMs: expect.any(Number) as number };
    const { a: first } = oneGuarded.locks['nodes'] as { a: { forMs: number } };
    expect(first.forMs).toBe(Math.ceil(first.forMs));
    expect(first.forMs).toBeGreaterThan(0);
    expect(oneGuarded.locks).toMatchObject({ status: 'up', mayFail: 0 });
    expect(oneGuarded.locks['nodes']).toEqual({ a: restarted, b: { state: 'up' }, c: { state: 'up' } });
    expect(twoGuarded.locks).toMatchObject({ status: 'down', mayFail: 0 });
    expect(twoGuarded.locks['nodes']).toEqual({
      a: restarted,
      b: { state: 'guarded', reason: 'duplicate' },
      c: { state: 'up' },
    });
  });

  it('tells states and no names or texts unless it is asked to', async () => {
    LockTester.of(app.get(LockService)).failNodes(1);
    const indicator = app.get(RedlockHealthIndicator);

    const states = await indicator.isHealthy();
    const none = await indicator.isHealthy('locks', { details: 'none' });

    expect(states.locks).toEqual({
      ...{ status: 'up', quorum: 2, mayFail: 0 },
      nodes: [{ state: 'down' }, { state: 'up' }, { state: 'up' }],
    });
    expect(none.locks).toEqual({ status: 'up' });
    await expect(indicator.isHealthy('locks', { details: 'states,all' as 'all' })).rejects.toThrow(
      LockOptionsError,
    );
  });

  it('tells what the servers of each node are, where strangers cannot ask', async () => {
    const nodes = ['a', 'b', 'c'].map((name) => new ScriptedNode(name));
    const module = await Test.createTestingModule({
      imports: [
        TerminusModule.forRoot({ logger: false }),
        RedlockHealthModule,
        RedlockModule.forRoot({ nodes }),
      ],
    }).compile();
    const indicator = module.get(RedlockHealthIndicator);
    const server = (runId: string, product?: ServerProduct) => ({ runId, uptimeMs: 3_600_000, product });
    const [valkey, redict] = [
      { name: 'Valkey', version: '9.1.2', mode: 'cluster' },
      { name: 'Redict', version: '7.3.6' },
    ];
    nodes[0]?.tell({ status: 'up', servers: ['1', '2'].map((runId) => server(runId, valkey)) });
    nodes[1]?.tell({ status: 'up', servers: [server('3', redict), server('4', { name: 'odd\nname' })] });
    nodes[2]?.tell({ status: 'up', servers: [server('5')] });

    const all = await indicator.isHealthy('locks', { details: 'all' });
    const states = await indicator.isHealthy('locks', { details: 'states' });
    await module.close();

    expect(all.locks['nodes']).toEqual({
      a: { state: 'up', server: 'Valkey 9.1.2' },
      b: { state: 'up', server: 'Redict 7.3.6, odd\\u000aname ?' },
      c: { state: 'up' },
    });
    expect(JSON.stringify(states)).not.toMatch(/Valkey|Redict/);
  });

  it('is down while a majority answers and refuses to grant, and tells which nodes do, and why', async () => {
    const error = Object.assign(new Error('OOM command not allowed'), { code: 'OOM' });
    const nodes = ['a', 'b', 'c'].map((name) => {
      const node = new ScriptedNode(name);
      node.onAsked = ({ vote }) => {
        (vote as (vote: unknown) => void)(name === 'c' ? { kind: 'granted' } : { kind: 'failed', error });
      };
      return node;
    });
    const module = await Test.createTestingModule({
      imports: [
        TerminusModule.forRoot({ logger: false }),
        RedlockHealthModule,
        RedlockModule.forRoot({ nodes }),
      ],
    }).compile();

    const { locks } = await module.get(RedlockHealthIndicator).isHealthy('locks', { details: 'all' });
    await module.close();

    const refusing = { state: 'refusing', error: error.message };
    expect(locks).toMatchObject({ status: 'down', mayFail: 0 });
    expect(locks['nodes']).toEqual({ a: refusing, b: refusing, c: { state: 'up' } });
  });

  it('is down once the lock service is closed', async () => {
    await app.get<LockService>(getLockServiceToken('billing')).close();

    expect((await get()).body.details['billing']).toMatchObject({ status: 'down' });
  });
});
