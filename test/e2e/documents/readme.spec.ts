import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import type { INestApplication, Type } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { metrics } from '@opentelemetry/api';
import request from 'supertest';
import { LockBusyError, LockService } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { Telemetry } from '../../helpers/telemetry';
import { until } from '../../helpers/until';

/** What the examples of README.md define, with real places in them. */
interface Examples {
  AppModule: Type;
  OrderService: Type<{ pay(orderId: string): Promise<string> }>;
  ShipmentService: Type<{ ship(orderId: string): Promise<void>; stockTaking(): Promise<number> }>;
  OrderController: Type;
  ReportJob: Type<{ run(): Promise<void> }>;
  AccountService: Type<{ transfer(dto: { from: string; to: string }): Promise<void> }>;
  ImportController: Type;
  TableReader: Type<{ rows(table: string): AsyncGenerator<string> }>;
  HealthModule: Type;
  TelemetryModule: Type;
}

/** Its own test, as it stands there. */
runBlock('README.md', 'tester.loseLock(');

describe('the examples of README.md', () => {
  const telemetry = new Telemetry();
  let world: DocumentWorld;
  let of: Examples;
  let app: INestApplication;

  beforeAll(async () => {
    world = await DocumentWorld.start();
    metrics.setGlobalMeterProvider(telemetry.meterProvider);
    const { change } = world;
    of = {
      ...(runBlock('README.md', 'return `paid', { change }) as Examples),
      ...(runBlock('README.md', 'class ShipmentService', { change }) as Examples),
      ...(runBlock('README.md', 'class OrderController', { change }) as Examples),
      ...(runBlock('README.md', 'class ReportJob') as Examples),
      ...(runBlock('README.md', 'class AccountService') as Examples),
      ...(runBlock('README.md', 'class ImportController', {
        change: (code) => code.replace('interval(1_000)', 'interval(20)'),
      }) as Examples),
      ...(runBlock('README.md', 'class HealthModule') as Examples),
      ...(runBlock('README.md', 'class TelemetryModule') as Examples),
    };
    const module = await Test.createTestingModule({
      imports: [of.AppModule, ScheduleModule.forRoot(), of.HealthModule, of.TelemetryModule],
      providers: [of.ShipmentService, of.ReportJob, of.AccountService, of.TableReader],
      controllers: [of.OrderController, of.ImportController],
    }).compile();
    app = module.createNestApplication({ forceCloseConnections: true });
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
  });

  afterAll(async () => {
    await app.close();
    await world.stop();
    metrics.disable();
  });

  const http = () => request(app.getHttpServer() as Parameters<typeof request>[0]);

  it('lock a method for one order id', async () => {
    const orders = app.get(of.OrderService);
    const other = await world.others.acquire('order:7');

    const paid = orders.pay('7');
    expect(await orders.pay('8')).toBe('paid 8');
    await other.release();

    expect(await paid).toBe('paid 7');
  });

  it('lock without a decorator, until the end of the block or of the task', async () => {
    const shipments = app.get(of.ShipmentService);
    world.onRequest = async () => {
      expect(await world.isHeld('order:7')).toBe(true);
    };

    await shipments.ship('7');
    expect(world.requests).toContain('POST /book/7');
    await until('the lock is free', async () => !(await world.isHeld('order:7')));

    expect(await shipments.stockTaking()).toBe(42);
  });

  it('give a handler its lock and its signal', async () => {
    let wasHeld = false;
    world.onRequest = async () => (wasHeld = await world.isHeld('order:9'));

    await http().post('/orders/9/shipments').expect(201);

    expect([wasHeld, world.requests]).toEqual([true, expect.arrayContaining(['GET /quote/9'])]);
  });

  it('run a cron job once per fleet, and not again by a clock that is late', async () => {
    const [job] = [...app.get(SchedulerRegistry).getCronJobs().values()];
    const [acquired, released] = [
      eventsOf('acquired', 'nightly-report'),
      eventsOf('released', 'nightly-report'),
    ];

    await job?.fireOnTick();
    await job?.fireOnTick();
    await until('it has run', () => released.length > 0);
    await app.get(of.ReportJob).run();

    expect(acquired).toHaveLength(1);
    expect(await world.isHeld('nightly-report')).toBe(true);
  });

  it('lock two accounts', async () => {
    const acquired = eventsOf('acquired', 'account:a');

    await app.get(of.AccountService).transfer({ from: 'b', to: 'a' });

    expect(acquired).toEqual([['account:a', 'account:b']]);
  });

  it('hold a lock for as long as its client listens, and skip a second one', async () => {
    const asked = httpGet(`${await app.getUrl()}/imports/7/progress`);
    const [stream] = (await once(asked, 'response')) as [IncomingMessage];
    let events = '';
    stream.on('data', (part: Buffer) => (events += part.toString()));
    await until('an event has come', () => events.includes('{"id":"7"'));

    expect(await world.isHeld('import:7')).toBe(true);
    const { text } = await http().get('/imports/7/progress').expect(200);
    expect(text.trim()).toBe('');

    asked.on('error', () => undefined).destroy();
    await until('the lock is free', async () => !(await world.isHeld('import:7')));
  });

  it('hold a lock while a consumer works on a row', async () => {
    for await (const row of app.get(of.TableReader).rows('orders')) {
      expect(row).toMatch(/^orders: [12]$/);
      await expect(world.others.acquire('table:orders')).rejects.toThrow(LockBusyError);
    }
    await until('the lock is free', async () => !(await world.isHeld('table:orders')));
  });

  it('tell Terminus whether locks can be had', async () => {
    const answer = await http().get('/health').expect(200);

    expect(answer.body).toMatchObject({ status: 'ok', info: { locks: { status: 'up', mayFail: 1 } } });
  });

  it('count the locks of each group', async () => {
    await app.get(of.OrderService).pay('7');

    expect(await telemetry.metric('redlock.lock.held')).toContainEqual({
      value: 0,
      attributes: { 'redlock.connection': 'default', 'redlock.resource.group': 'order' },
    });
  });

  /** The resources of the events from now on. */
  function eventsOf(type: string, resource: string): (readonly string[])[] {
    const seen: (readonly string[])[] = [];
    app.get(LockService).events$.subscribe((event) => {
      if (event.type === type && 'resources' in event && event.resources.includes(resource)) {
        seen.push(event.resources);
      }
    });
    return seen;
  }
});
