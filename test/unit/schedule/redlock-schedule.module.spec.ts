import { createRequire } from 'node:module';
import { Injectable, mixin, Module, type LoggerService, type Type } from '@nestjs/common';
import { Cron, Interval, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import { ModulesContainer } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  createLockService,
  Locked,
  LockOptionsError,
  LockService,
  MemoryLockNode,
  RedlockModule,
} from '../../../lib';
import { createRunCoordinator, EveryProcess, RedlockScheduleModule } from '../../../lib/schedule';
import { systemClock } from '../../../lib/system/system-clock';
import { deferred } from '../../helpers/deferred';
import { nestMajor } from '../../helpers/nest-major';
import { cronTime, realTime, virtualTime } from '../../helpers/real-cron';
import { until } from '../../helpers/until';

let warnings: string[] = [];
const SILENT: LoggerService = {
  log() {},
  error() {},
  warn: (message: string) => void warnings.push(message),
};

/** Far away: the tests call the jobs as the schedule does. */
const NEVER = '0 0 1 1 *';

/** The date of a job that runs once. */
const AT = new Date(Date.now() + 24 * 60 * 60_000);

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

  @Cron(NEVER, { name: 'slow', waitForCompletion: true })
  async slow(): Promise<void> {
    ran.push(`slow in ${this.process}`);
    await work();
  }

  @Cron(AT, { name: 'dated' })
  dated(): void {
    ran.push(`dated under ${this.locks.current()?.resources.join() ?? 'nothing'}`);
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

  constructor(private readonly locks: LockService) {}

  @Interval('pulse', 40)
  pulse(): void {
    ran.push(`pulse under ${this.locks.current()?.resources.join() ?? 'nothing'}`);
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
  imports: Type[] = [],
): Promise<TestingModule> {
  const app = await Test.createTestingModule({
    imports: [
      ScheduleModule.forRoot(),
      RedlockModule.forRoot({ nodes }),
      RedlockScheduleModule.forRoot(),
      ...imports,
    ],
    providers: [jobs],
  })
    .setLogger(SILENT)
    .compile();
  app.get(jobs).process = apps.length;
  apps.push(app);
  await app.init();
  return app;
}

/** Before Nest 12 `close()` throws the error of the start again, and stops no job that the schedule has started already. */
const closeFailed = (app: TestingModule) => {
  for (const job of app.get(SchedulerRegistry).getCronJobs().values()) void job.stop();
  return Promise.allSettled([app.close()]);
};

const jobs = (name: string) => apps.map((app) => app.get(SchedulerRegistry).getCronJob(name));

const fire = async (name: string): Promise<void> => {
  for (const job of jobs(name)) void job.fireOnTick();
  await turns();
};

/** The schedule does not wait for what it calls. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const isRegistry = (value: unknown): value is SchedulerRegistry =>
  typeof value === 'object' && value?.constructor.name === SchedulerRegistry.name;

/** The module of a second copy of the package, as another package may bring it. */
function anotherSchedule(): typeof ScheduleModule {
  let copy = ScheduleModule;
  const shared = ['@nestjs/common', '@nestjs/core'];
  for (const name of shared) {
    const actual = jest.requireActual<object>(name);
    jest.doMock(name, () => actual);
  }
  jest.isolateModules(() => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    copy = (require('@nestjs/schedule') as { ScheduleModule: typeof ScheduleModule }).ScheduleModule;
  });
  for (const name of shared) jest.dontMock(name);
  expect(copy).not.toBe(ScheduleModule);
  return copy;
}

beforeEach(() => {
  ran = [];
  warnings = [];
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

  it.each([
    // Below Nest 11 that is the same module.
    ['imports the schedule too', () => ScheduleModule, nestMajor < 11 ? 1 : 2],
    ['brings a schedule of its own', anotherSchedule, 2],
  ])('runs a job once in the fleet where another module %s', async (_which, schedule, each) => {
    @Module({ imports: [schedule().forRoot()] })
    class Reports {}
    const nodes = [new MemoryLockNode(), new MemoryLockNode(), new MemoryLockNode()];
    for (let process = 0; process < 2; process++) await start(nodes, Jobs, [Reports]);
    const registries = apps.flatMap((app) =>
      [...app.get(ModulesContainer).values()].flatMap(({ providers }) =>
        [...providers.values()].map(({ instance }): unknown => instance).filter(isRegistry),
      ),
    );
    expect(registries).toHaveLength(2 * each);

    for (const registry of registries) void registry.getCronJob('report').fireOnTick();
    await turns();

    expect(ran).toEqual([expect.stringMatching(/^report in \d under schedule:report@/)]);
  });

  it('leaves a job that says so to every process, and one with a lock of its own to that', async () => {
    await fleet(2);
    await fire('everywhere');
    await fire('locked');

    expect(ran.filter((one) => one.startsWith('everywhere'))).toHaveLength(2);
    const locked = () => ran.filter((one) => one.startsWith('locked'));
    expect(locked()).toEqual([expect.stringMatching(/under own$/)]);
    // It is no job with a date, which runs once.
    await fire('locked');
    expect(locked()).toHaveLength(2);
  });

  it('leaves alone what only looks like the schedule in a part', async () => {
    class Wrapper {
      wrapFunctionInTryCatchBlocks() {
        return 'its own';
      }
    }
    class Finder {
      lookupSchedulers() {}
    }
    @Module({ providers: [Wrapper, Finder] })
    class Others {}

    await start([new MemoryLockNode()], Jobs, [Others]);

    expect(new Wrapper().wrapFunctionInTryCatchBlocks()).toBe('its own');
    expect(Finder.prototype).not.toHaveProperty('wrapFunctionInTryCatchBlocks');
  });

  it('runs a job with a date in one process', async () => {
    await fleet(3);
    await fire('dated');

    expect(ran).toEqual([`dated under schedule:dated@${AT.toISOString()}`]);
  });

  it('leaves a run out while the one before goes on in another process, where the job waits for completion', async () => {
    await fleet(2);
    const done = deferred<undefined>();
    work = () => done.promise;
    await fire('slow');
    for (const job of jobs('slow')) job.setTime(cronTime('0 0 2 1 *') as never);
    await fire('slow');
    expect(ran).toHaveLength(1);

    done.resolve(undefined);
    await fire('slow');
    expect(ran).toHaveLength(1);
    for (const job of jobs('slow')) job.setTime(cronTime('0 0 3 1 *') as never);
    await fire('slow');
    expect(ran).toHaveLength(2);
  });

  it('tells a run by the dates that code gave the job', async () => {
    await fleet(2);
    for (const job of jobs('report')) job.setTime(cronTime('0 6 2 1 *') as never);
    await fire('report');

    expect(ran).toEqual([expect.stringMatching(/under schedule:report@\d{4}-01-02T06:00:00\.000Z$/)]);
  });

  it('runs a job once in the fleet that `cron` calls while the schedule starts it', async () => {
    const { CronJob } = createRequire(require.resolve('@nestjs/schedule'))('cron') as {
      CronJob: { prototype: { start(): void; fireOnTick(): unknown } };
    };
    const start = jest.spyOn(CronJob.prototype, 'start').mockImplementation(function (this: {
      fireOnTick(): unknown;
    }) {
      void this.fireOnTick();
    });
    try {
      await fleet(2);
      await until('both have called it', () => ran.some((one) => one.startsWith('report')));
    } finally {
      start.mockRestore();
    }

    expect(ran.filter((one) => one.startsWith('report'))).toEqual([
      expect.stringMatching(/under schedule:report@/),
    ]);
  });

  it.each([
    ['0 0 * * *', 'Africa/Cairo', '2026-10-29T14:00:00Z', '2026-10-29T22:00:00.000Z'],
    ['30 2 * * *', 'America/New_York', '2026-10-31T20:00:00Z', '2026-11-01T07:30:00.000Z'],
  ])(
    'leaves out the call an hour early of %s in %s, where clocks go back in between',
    async (source, timeZone, from, date) => {
      await fleet(2);
      const clock = jest.spyOn(systemClock, 'wallNow');
      const callAt = async (text: string) => {
        virtualTime(Date.parse(text));
        clock.mockReturnValue(Date.parse(text));
        for (const job of jobs('report')) {
          job.setTime(cronTime(source, { timeZone }) as never);
        }
        await fire('report');
      };
      const dates = cronTime(source, { timeZone });
      const fromMs = Date.parse(from);
      try {
        // Older versions of `cron` name the right time alone.
        const next = (at: number) => {
          virtualTime(at);
          return dates.getNextDateFrom(new Date(at), dates.sendAt().zone).toMillis();
        };
        for (let at = next(fromMs); at < fromMs + 12 * 60 * 60_000; at = next(at)) {
          await callAt(new Date(at).toISOString());
        }
      } finally {
        clock.mockRestore();
        realTime();
      }

      expect(ran).toEqual([expect.stringMatching(new RegExp(`under schedule:report@${date}$`))]);
    },
  );

  it('runs a job in one process, and says so, where its date cannot be told', async () => {
    await fleet(3);
    for (const job of jobs('report')) {
      jest.spyOn(job.cronTime, 'sendAt').mockImplementation(() => {
        throw new Error('no date');
      });
    }
    await fire('report');
    await fire('report');

    expect(ran).toEqual([expect.stringMatching(/^report in \d under schedule:report$/)]);
    expect(warnings).toContainEqual(
      expect.stringMatching(/^The date of the job "report" is not known: .*no date/),
    );
  });

  it('keeps nine tenths of an interval between two runs', async () => {
    const startedMs = performance.now();
    await fleet(3, Pulses);
    const pulses = () => ran.filter((one) => one.startsWith('pulse'));
    await until('it has run some times', () => pulses().length >= 5);

    expect(new Set(pulses())).toEqual(new Set(['pulse under schedule:pulse']));
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
    await closeFailed(app);
  });

  it('fails the start where mixin() gives the class of a job another name in each process', async () => {
    const jobsOf = (name?: string): Type<object> => {
      @Injectable()
      class Sync {
        @Cron(NEVER, { name })
        nightly(): void {
          ran.push('nightly');
        }
      }
      return mixin(Sync);
    };
    @Injectable()
    class OrderSync extends jobsOf() {}
    const start = async (...providers: Type<object>[]) => {
      const app = await Test.createTestingModule({
        imports: [
          ScheduleModule.forRoot(),
          RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }),
          RedlockScheduleModule.forRoot(),
        ],
        providers,
      }).compile();
      const started = await app.init().catch((error: unknown) => error);
      await (started === app ? app.close() : closeFailed(app));
      return started === app ? 'started' : started;
    };

    await expect(start(jobsOf())).resolves.toMatchObject({
      option: 'name',
      message: expect.stringContaining('mixin()') as string,
    });
    await expect(start(jobsOf('sync'), OrderSync)).resolves.toBe('started');
  });

  it('fails the start without a schedule', async () => {
    const compile = Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }), RedlockScheduleModule.forRoot()],
    }).compile();

    await expect(compile).rejects.toThrow(/ScheduleModule.forRoot/);
  });

  it.each([
    ['without RedlockModule', {}, [], /RedlockScheduleModule: finds no lock service. Import RedlockModule/],
    [
      'with a connection that there is not',
      { connection: 'others' },
      [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      /connection: is "others", but this application has no such lock service/,
    ],
    [
      'with names that no resource can have',
      { prefix: 'x'.repeat(1_020) },
      [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      /name: .* characters/,
    ],
  ])('fails the start %s', async (_, options, imports, message) => {
    @Injectable()
    class Nightly {
      @Cron(NEVER)
      run(): void {
        ran.push('nightly');
      }
    }
    const start = async () => {
      const module = Test.createTestingModule({
        imports: [ScheduleModule.forRoot(), ...imports, RedlockScheduleModule.forRoot(options)],
        providers: [Nightly],
      });
      const app = await module.setLogger(SILENT).compile();
      try {
        await app.init();
      } finally {
        await closeFailed(app);
      }
    };

    await expect(start()).rejects.toThrow(message);
    await expect(start()).rejects.toThrow(LockOptionsError);
  });

  it.each([
    ['an option that is not known', { every: 5 }],
    ['a memory that is no time', { rememberFor: 0 }],
    ['a shutdown that is no time', { shutdownTimeout: -1 }],
    ['a connection that is no name', { connection: '' }],
    ['an empty prefix', { prefix: '' }],
  ])('refuses %s', (_, options) => {
    expect(() => RedlockScheduleModule.forRoot(options as never)).toThrow(LockOptionsError);
  });
});

describe('@EveryProcess', () => {
  it.each([
    ['a class', [class {}, undefined, undefined]],
    ['a property', [{}, 'jobs', undefined]],
    ['an accessor', [{}, 'jobs', { get: () => 1 }]],
    ['a static method', [class {}, 'run', { value() {} }]],
  ])('is refused at %s', (_, place) => {
    expect(() => {
      (EveryProcess() as (...place: unknown[]) => void)(...place);
    }).toThrow(/^@EveryProcess: must be put on a @Cron or @Interval method/);
  });
});

describe('a coordinator for node-cron', () => {
  it('has the lock extended, whatever the defaults of the module say', async () => {
    const locks = createLockService({ nodes: [new MemoryLockNode()], defaults: { autoExtend: false } });
    const coordinator = createRunCoordinator(locks);

    await expect(coordinator.shouldRun('report:2026', 60_000)).resolves.toBe(true);
    await coordinator.onComplete('report:2026');
    await locks.close();
  });

  it.each([
    ['no lock service', [], /^locks: must be a lock service/],
    ['another thing', [{}], /^locks: must be a lock service/],
    ['an empty prefix', [{ tryAcquire() {} }, ''], /^prefix: /],
    ['a prefix that is no text', [{ tryAcquire() {} }, 7], /^prefix: /],
  ])('refuses %s', (_, given, message) => {
    const create = () => (createRunCoordinator as (...given: unknown[]) => unknown)(...given);

    expect(create).toThrow(LockOptionsError);
    expect(create).toThrow(message);
  });
});
