import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  getLockServiceToken,
  Locked,
  LockOptionsError,
  LockService,
  MemoryLockNode,
  RedlockModule,
} from '../../../lib';
import { RedlockOpenTelemetryModule, type RedlockOpenTelemetryOptions } from '../../../lib/opentelemetry';
import { RedlockTestingModule } from '../../../lib/testing';
import { Telemetry } from '../../helpers/telemetry';

@Injectable()
class Orders {
  @Locked('order:<0>')
  async pay(id: string): Promise<string> {
    return Promise.resolve(id);
  }

  @Locked('invoice:<0>', { connection: 'billing' })
  async bill(id: string): Promise<string> {
    return Promise.resolve(id);
  }
}

describe('RedlockOpenTelemetryModule', () => {
  let telemetry: Telemetry;

  beforeEach(() => {
    telemetry = new Telemetry();
  });

  afterEach(() => telemetry.shutdown());

  const compile = (options: RedlockOpenTelemetryOptions = {}) => {
    const { tracerProvider, meterProvider } = telemetry;
    return Test.createTestingModule({
      imports: [
        RedlockOpenTelemetryModule.forRoot({ tracerProvider, meterProvider, ...options }),
        RedlockTestingModule.forRoot({ shutdownTimeout: 0 }),
        RedlockTestingModule.forRoot({ name: 'billing', isGlobal: false, nodes: 1 }),
      ],
      providers: [Orders],
    });
  };

  const connections = async (metric: string) => [
    ...new Set((await telemetry.metric(metric)).map(({ attributes }) => attributes['redlock.connection'])),
  ];

  it('reports every lock service of the application, global or not', async () => {
    const app = await compile().compile();
    await app.init();

    await app.get(Orders).pay('7');
    await app.get(Orders).bill('8');

    expect(await connections('redlock.hold.duration')).toEqual(['default', 'billing']);
    expect(await connections('redlock.node.up')).toEqual(['default', 'billing']);
    await app.close();
  });

  it('reports those that were named alone', async () => {
    const app = await compile({ connections: ['billing'] }).compile();
    await app.init();

    await app.get(Orders).pay('7');
    await app.get(Orders).bill('8');

    expect(await connections('redlock.hold.duration')).toEqual(['billing']);
    await app.close();
  });

  it('sees the locks that a shutdown takes away, and ends with it', async () => {
    const app = await compile().compile();
    await app.init();
    await app.get(LockService).acquire('order:7');

    await app.close();

    const lost = await telemetry.metric('redlock.lock.lost');
    expect(lost.find(({ attributes }) => attributes['redlock.lost.reason'] === 'closed')?.value).toBe(1);
    expect(telemetry.span('redlock hold').attributes).toMatchObject({ 'redlock.outcome': 'lost' });
    const held = await telemetry.metric('redlock.lock.held');
    expect(held.map(({ value }) => value)).toEqual([0, 0]);
    expect(await telemetry.metric('redlock.node.up')).toEqual([]);
  });

  it('does without a service that a test has put a mock in the place of', async () => {
    const { meterProvider } = telemetry;
    const app = await Test.createTestingModule({
      imports: [
        RedlockOpenTelemetryModule.forRoot({ meterProvider }),
        RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }),
        RedlockModule.forRoot({ nodes: [new MemoryLockNode()], name: 'billing' }),
      ],
    })
      .overrideProvider(getLockServiceToken('billing'))
      .useValue({ withLock: jest.fn() })
      .compile();
    await app.init();

    await app.get(LockService).withLock('order:7', () => 1);

    expect(await connections('redlock.hold.duration')).toEqual(['default']);
    await app.close();
  });

  it.each([
    [
      'connections: has "biling", but the lock services of this application are: default, billing.',
      ['biling'],
    ],
    ['connections: must be an array', 'billing'],
    ['connections: must be a string that is not empty', ['']],
    ['connections: must be a string that is not empty', [7n]],
  ])('fails the start with %s', async (message, wrong) => {
    const app = await compile({ connections: wrong as string[] }).compile();

    const starting = app.init();

    await expect(starting).rejects.toThrow(LockOptionsError);
    await expect(starting).rejects.toThrow(message);
    // Before Nest 12 this has no hooks to call after a failed start, and rejects with its error again.
    await app.close().catch(() => undefined);
  });
});
