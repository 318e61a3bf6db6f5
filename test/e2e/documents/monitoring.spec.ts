import { ConsoleLogger, type INestApplicationContext, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { metrics } from '@opentelemetry/api';
import { LockLostError, LockService } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { loseLock } from '../../helpers/lose-lock';
import { Telemetry } from '../../helpers/telemetry';

/** Keeps what is logged as an error. */
class Errors extends ConsoleLogger {
  readonly lines: unknown[][] = [];

  constructor() {
    super({ logLevels: ['error'] });
  }

  override error(...line: unknown[]): void {
    this.lines.push(line);
  }
}

describe('the examples of MONITORING.md', () => {
  const telemetry = new Telemetry();
  const log = new Errors();
  let world: DocumentWorld;
  let app: INestApplicationContext;

  beforeAll(async () => {
    world = await DocumentWorld.start();
    metrics.setGlobalMeterProvider(telemetry.meterProvider);
    const { AppModule } = runBlock('docs/MONITORING.md', 'class AppModule', world) as { AppModule: Type };
    const { LostLockLog } = runBlock('docs/MONITORING.md', 'class LostLockLog') as { LostLockLog: Type };
    const module = await Test.createTestingModule({ imports: [AppModule], providers: [LostLockLog] })
      .setLogger(log)
      .compile();
    app = await module.init();
    await app.get(LockService).ready();
  });

  afterAll(async () => {
    await app.close();
    await world.stop();
    metrics.disable();
    await telemetry.shutdown();
  });

  const ofConnection = async (metric: string, connection: string) => {
    const series = await telemetry.metric(metric);
    return series.filter(({ attributes }) => attributes['redlock.connection'] === connection);
  };

  it('report the locks of an application by what stands before the colon', async () => {
    await app.get(LockService).withLock('order:7', () => Promise.resolve());

    expect(await ofConnection('redlock.lock.held', 'default')).toEqual([
      { value: 0, attributes: { 'redlock.connection': 'default', 'redlock.resource.group': 'order' } },
    ]);
    const nodes = await ofConnection('redlock.node.up', 'default');
    expect(nodes.map(({ value }) => value)).toEqual([1, 1, 1]);
  });

  it('report a service without Nest under its name, until it is told to stop', async () => {
    const change = (code: string) => `${world.change(code)}\nexport { locks, stop };`;
    const { locks, stop } = runBlock('docs/MONITORING.md', 'instrumentLocks(locks', { change }) as {
      locks: LockService;
      stop: () => void;
    };
    const attributes = { 'redlock.connection': 'worker' };

    const lock = await locks.acquire('order:8');
    expect(await ofConnection('redlock.lock.held', 'worker')).toEqual([{ value: 1, attributes }]);
    await lock.release();
    stop();
    await (await locks.acquire('order:8')).release();

    expect(await ofConnection('redlock.hold.duration', 'worker')).toEqual([
      { value: expect.objectContaining({ count: 1 }) as unknown, attributes: expect.anything() as unknown },
    ]);
    await locks.close();
  });

  it('log a lock that was lost', async () => {
    const locks = app.get(LockService);

    const task = locks.withLock('order:9', () => loseLock(locks));

    await expect(task).rejects.toThrow(LockLostError);
    expect(log.lines.map((line) => [line[0], line.at(-1)])).toEqual([
      [expect.stringContaining('order:9'), 'LostLockLog'],
    ]);
  });
});
