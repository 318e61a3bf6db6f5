import { Injectable, Module, type LoggerService, type Type } from '@nestjs/common';
import { Cron, Interval, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { Locked, LockOptionsError, LockService, MemoryLockNode, RedlockModule } from '../../../lib';
import { EveryProcess, RedlockScheduleModule } from '../../../lib/schedule';
import { deferred } from '../../helpers/deferred';
import { until } from '../../helpers/until';

const SILENT: LoggerService = { log() {}, error() {}, warn() {} };

/** Far away: the tests call the jobs as the schedule does. */
const NEVER = '0 0 1 1 *';

/** What ran, in which process. */
let ran: string[] = [];
let work: () => Promise<unknown> = () => Promise.resolve();

@Injectable()
class Jobs {
  process = 0;

  constructor(private readonly locks: LockService) {}

  @Cron(NEVER, { name: 'report' })
  async report(): Promise<void> {
    ran.push(`report in ${this.process} under ${this.locks.current()?.resources.join() ?? 'nothing'}`);
    await work();
  }

  @Cron(NEVER, { name: 'fails' })
  async fails(): Promise<void> {
    ran.push(`fails in ${this.process}`);
    await Promise.reject(new Error('the job failed'));
  }

  @Cron(NEVER, { name: 'everywhere' })
  @EveryProcess()
  everywhere(): void {
    ran.push(`everywhere in ${this.process}`);
  }

  @Cron(NEVER, { name: 'locked' })
  @Locked('own', { wait: 0, onBusy: 'skip' })
  async locked(): Promise<void> {
    ran.push(`locked in ${this.process} under ${this.locks.current()?.resources.join() ?? 'nothing'}`);
    await Promise.resolve();
  }
}

@Injectable()
class Pulses {
  process = 0;

  @Interval('pulse', 40)
  pulse(): void {
    ran.push(`pulse in ${this.process}`);
  }

  @Timeout('once', 5)
  once(): void {
    ran.push(`once in ${this.process}`);
  }
}

let apps: TestingModule[] = [];

async function start(
  nodes: MemoryLockNode[],
  jobs: Type<{ process: number }> = Jobs,
): Promise<TestingModule> {
  const app = await Test.createTestingModule({
    imports: [ScheduleModule.forRoot(), RedlockModule.forRoot({ nodes }), RedlockScheduleModule.forRoot()],
    providers: [jobs],
  })
    .setLogger(SILENT)
    .compile();
  app.get(jobs).process = apps.length;
  apps.push(app);
  await app.init();
  return app;
}

const fire = async (name: string): Promise<void> => {
  await Promise.all(apps.map((app) => app.get(SchedulerRegistry).getCronJob(name).fireOnTick()));
  // The schedule does not wait for what it calls.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  ran = [];
  work = () => Promise.resolve();
});

afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
});

describe('the schedule of a fleet', () => {
  const fleet = async (processes: number, jobs?: Type<{ process: number }>) => {
    const nodes = [new MemoryLockNode(), new MemoryLockNode(), new MemoryLockNode()];
    for (let process = 0; process < processes; process++) await start(nodes, jobs);
  };

  it('runs a cron job in one process, under a lock that is named after the job and its date', async () => {
    await fleet(3);
    await fire('report');

    expect(ran).toEqual([expect.stringMatching(/^report in \d under schedule:report@\d{4}-/)]);
  });

  it('leaves a job that says so to every process, and one with a lock of its own to that', async () => {
    await fleet(2);
    await fire('everywhere');
    await fire('locked');

    expect(ran.filter((one) => one.startsWith('everywhere'))).toHaveLength(2);
    expect(ran.filter((one) => one.startsWith('locked'))).toEqual([expect.stringMatching(/under own$/)]);
  });

  it('runs an interval no more often than one process would', async () => {
    const startedMs = performance.now();
    await fleet(3, Pulses);
    const pulses = () => ran.filter((one) => one.startsWith('pulse'));
    await until('it has run some times', () => pulses().length >= 5);

    // Nine tenths of 40 ms are kept free; a clock may round.
    expect(pulses().length).toBeLessThanOrEqual((performance.now() - startedMs) / 35 + 1);
    await until('all have had their start', () => ran.filter((one) => one.startsWith('once')).length === 3);
  });

  it('calls a method as before where code does it', async () => {
    await fleet(2);
    await Promise.all(apps.map((app) => app.get(Jobs).report()));

    expect(ran).toEqual(['report in 0 under nothing', 'report in 1 under nothing']);
  });

  it('goes on after a job that fails', async () => {
    await fleet(2);
    await fire('fails');
    await fire('report');

    expect(ran).toHaveLength(2);
  });

  it('waits at its end for the jobs that run, and begins none', async () => {
    await fleet(1);
    const done = deferred<undefined>();
    work = () => done.promise;
    const [app] = apps;
    const job = app?.get(SchedulerRegistry).getCronJob('report');
    await fire('report');
    let isClosed = false;
    const closing = app?.close().then(() => (isClosed = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isClosed).toBe(false);
    await job?.fireOnTick();
    expect(ran).toHaveLength(1);

    done.resolve(undefined);
    await closing;
    apps = [];
  });

  it('names jobs without a name after their class and method', async () => {
    const names: string[] = [];
    @Injectable()
    class Unnamed {
      process = 0;
      constructor(private readonly locks: LockService) {}

      @Cron(NEVER)
      nightly(): void {
        names.push(this.locks.current()?.resources[0]?.replace(/@.*/, '') ?? '');
      }
    }
    await fleet(2, Unnamed);
    await Promise.all(
      apps.flatMap((app) =>
        [...app.get(SchedulerRegistry).getCronJobs().values()].map((job) => job.fireOnTick()),
      ),
    );
    await until('one ran', () => names.length > 0);

    expect(names).toEqual(['schedule:Unnamed.nightly']);
  });

  it('fails the start where two jobs have one name', async () => {
    @Injectable()
    class Twice {
      @Cron(NEVER)
      nightly(): void {
        ran.push('nightly');
      }
    }
    @Module({ providers: [Twice] })
    class Other {}
    const app = await Test.createTestingModule({
      imports: [
        ScheduleModule.forRoot(),
        RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }),
        RedlockScheduleModule.forRoot(),
        Other,
      ],
      providers: [Twice],
    }).compile();

    await expect(app.init()).rejects.toThrow(/called "Twice.nightly"/);
    await app.close();
  });

  it('fails the start without a schedule', async () => {
    const compile = Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }), RedlockScheduleModule.forRoot()],
    }).compile();

    await expect(compile).rejects.toThrow(/ScheduleModule.forRoot/);
  });

  it.each([
    ['an option that is not known', { every: 5 }],
    ['a memory that is no time', { rememberFor: 0 }],
    ['a shutdown that is no time', { shutdownTimeout: -1 }],
    ['a connection that is no name', { connection: '' }],
  ])('refuses %s', (_, options) => {
    expect(() => RedlockScheduleModule.forRoot(options as never)).toThrow(LockOptionsError);
  });
});
