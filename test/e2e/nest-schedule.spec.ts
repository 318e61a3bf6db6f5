import { Injectable } from '@nestjs/common';
import { Cron, Interval, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { Locked, LockService, LockSignal, MemoryLockNode, RedlockModule } from '../../lib';
import { deferred, type Deferred } from '../helpers/deferred';

const NEVER_BY_ITSELF = '0 0 1 1 *';

interface Run {
  job: string;
  held: readonly string[] | undefined;
  hasSignal: boolean;
}

@Injectable()
class Jobs {
  runs: Run[] = [];
  next: Deferred<Run> = deferred<Run>();

  constructor(private readonly locks: LockService) {}

  @Cron(NEVER_BY_ITSELF, { name: 'cron-above' })
  @Locked('job:above', { wait: 0, onBusy: 'skip' })
  async cronAbove(@LockSignal() signal?: AbortSignal) {
    await this.note('cron-above', signal);
  }

  @Locked('job:below', { wait: 0, onBusy: 'skip' })
  @Cron(NEVER_BY_ITSELF, { name: 'cron-below' })
  async cronBelow(@LockSignal() signal?: AbortSignal) {
    await this.note('cron-below', signal);
  }

  private note(job: string, signal: AbortSignal | undefined) {
    const current = this.locks.current();
    const run = {
      job,
      held: current?.resources,
      hasSignal: signal !== undefined && signal === current?.signal,
    };
    this.runs.push(run);
    this.next.resolve(run);
    return Promise.resolve();
  }
}

@Injectable()
class Pulses {
  readonly seen = { above: deferred<string | undefined>(), below: deferred<string | undefined>() };

  constructor(private readonly locks: LockService) {}

  @Interval('pulse-above', 5)
  @Locked('pulse:above', { wait: 0, onBusy: 'skip' })
  async above() {
    this.seen.above.resolve(this.locks.current()?.resources.join());
    return Promise.resolve();
  }

  @Locked('pulse:below', { wait: 0, onBusy: 'skip' })
  @Interval('pulse-below', 5)
  async below() {
    this.seen.below.resolve(this.locks.current()?.resources.join());
    return Promise.resolve();
  }
}

describe('a cron job with @Locked', () => {
  let app: TestingModule;

  beforeEach(async () => {
    app = await Test.createTestingModule({
      imports: [ScheduleModule.forRoot(), RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      providers: [Jobs],
    }).compile();
    await app.init();
  });

  afterEach(async () => {
    await app.close();
  });

  it.each([
    ['cron-above', 'job:above'],
    ['cron-below', 'job:below'],
  ])('is scheduled and runs under its lock: %s', async (job, resource) => {
    const jobs = app.get(Jobs);

    await app.get(SchedulerRegistry).getCronJob(job).fireOnTick();

    await expect(jobs.next.promise).resolves.toEqual({ job, held: [resource], hasSignal: true });
  });

  it.each([
    ['cron-above', 'job:above'],
    ['cron-below', 'job:below'],
  ])('is skipped while another process runs it: %s', async (job, resource) => {
    const busy = deferred();
    app.get(LockService).events$.subscribe(({ type }) => {
      if (type === 'busy') busy.resolve();
    });
    const lock = await app.get(LockService).acquire(resource);

    void app.get(SchedulerRegistry).getCronJob(job).fireOnTick();
    await busy.promise;

    expect(app.get(Jobs).runs).toEqual([]);
    await lock.release();
  });
});

describe('an interval with @Locked', () => {
  it('runs under its lock, in both orders of the decorators', async () => {
    const app = await Test.createTestingModule({
      imports: [ScheduleModule.forRoot(), RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      providers: [Pulses],
    }).compile();
    await app.init();
    const { seen } = app.get(Pulses);

    await expect(seen.above.promise).resolves.toBe('pulse:above');
    await expect(seen.below.promise).resolves.toBe('pulse:below');
    await app.close();
  });
});
