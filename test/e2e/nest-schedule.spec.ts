import { Injectable } from '@nestjs/common';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { Locked, LockService, MemoryLockNode, RedlockModule } from '../../lib';
import { deferred, type Deferred } from '../helpers/deferred';

const NEVER_BY_ITSELF = '0 0 1 1 *';

interface Run {
  job: string;
  held: readonly string[] | undefined;
}

@Injectable()
class Jobs {
  runs: Run[] = [];
  next: Deferred<Run> = deferred<Run>();

  constructor(private readonly locks: LockService) {}

  @Cron(NEVER_BY_ITSELF, { name: 'cron-above' })
  @Locked('job:above', { wait: 0, onBusy: 'skip' })
  async cronAbove() {
    await this.note('cron-above');
  }

  @Locked('job:below', { wait: 0, onBusy: 'skip' })
  @Cron(NEVER_BY_ITSELF, { name: 'cron-below' })
  async cronBelow() {
    await this.note('cron-below');
  }

  private note(job: string) {
    const run = { job, held: this.locks.current()?.resources };
    this.runs.push(run);
    this.next.resolve(run);
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

    await expect(jobs.next.promise).resolves.toEqual({ job, held: [resource] });
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
