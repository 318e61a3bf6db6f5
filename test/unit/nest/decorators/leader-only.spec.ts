import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { EMPTY, Observable } from 'rxjs';
import {
  CurrentLock,
  LeaderOnly,
  LockNotBoundError,
  LockService,
  LockSignal,
  MemoryLockNode,
  RedlockModule,
  type Lock,
} from '../../../../lib';
import { until } from '../../../helpers/until';

@Injectable()
class Jobs {
  readonly ran: string[] = [];

  @Cron('0 0 1 1 *', { name: 'above' })
  @LeaderOnly('jobs')
  async above(): Promise<void> {
    this.ran.push('above');
    await Promise.resolve();
  }

  @LeaderOnly('jobs')
  async untilAborted(@LockSignal() signal?: AbortSignal): Promise<void> {
    this.ran.push('begun');
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    this.ran.push('aborted');
  }

  @LeaderOnly('jobs')
  async work(
    what: string,
    @CurrentLock() lock?: Lock,
    @LockSignal() signal?: AbortSignal,
  ): Promise<string | undefined> {
    await Promise.resolve();
    return `${what} as leader of ${lock?.resources.join() ?? 'none'}, ${String(signal?.aborted)}`;
  }
}

async function start(nodes: MemoryLockNode[], ...jobs: (typeof Jobs)[]): Promise<TestingModule> {
  const app = await Test.createTestingModule({
    imports: [ScheduleModule.forRoot(), RedlockModule.forRoot({ nodes })],
    providers: jobs.length === 0 ? [Jobs] : jobs,
  }).compile();
  await app.init();
  return app;
}

const leadsIn = (app: TestingModule): boolean => app.get(LockService).election('jobs').isLeader;

describe('@LeaderOnly', () => {
  let apps: TestingModule[] = [];

  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    apps = [];
  });

  it('runs in the one process that leads, from the start of the application on', async () => {
    const nodes = [new MemoryLockNode(), new MemoryLockNode(), new MemoryLockNode()];
    apps = [await start(nodes)];
    await until('one leads', () => apps.some(leadsIn));
    apps.push(await start(nodes));
    const [first, second] = apps.map((app) => app.get(Jobs));

    expect(await first?.work('this')).toBe('this as leader of jobs, false');
    expect(await second?.work('that')).toBeUndefined();
  });

  it('goes on elsewhere when the application of the leader closes', async () => {
    const nodes = [new MemoryLockNode()];
    apps = [await start(nodes)];
    await until('one leads', () => apps.some(leadsIn));
    const second = await start(nodes);
    await apps.pop()?.close();
    apps = [second];

    await until('the second leads', () => leadsIn(second));
    expect(await second.get(Jobs).work('this')).toBe('this as leader of jobs, false');
  });

  it('runs the job of a schedule', async () => {
    apps = [await start([new MemoryLockNode()])];
    await until('one leads', () => apps.some(leadsIn));
    const [app] = apps;

    await app?.get(SchedulerRegistry).getCronJob('above').fireOnTick();
    expect(app?.get(Jobs).ran).toEqual(['above']);
  });

  it('says that the object knows no lock service', async () => {
    await expect(new Jobs().work('x')).rejects.toThrow(LockNotBoundError);
  });

  it('has the options of whichever method gives some', async () => {
    @Injectable()
    class Others {
      @LeaderOnly('jobs', { ttl: 5_000 })
      async other(): Promise<void> {
        await Promise.resolve();
      }
    }

    apps = [await start([new MemoryLockNode()], Jobs, Others as never)];
    await until('one leads', () => apps.some(leadsIn));
    expect((await apps[0]?.get(LockService).inspect('jobs'))?.ttlMs).toBeLessThanOrEqual(5_000);
  });

  it('fails the start where two methods give one election different options, before a job is scheduled', async () => {
    @Injectable()
    class Others {
      @LeaderOnly('jobs', { ttl: 5_000 })
      async other(): Promise<void> {
        await Promise.resolve();
      }

      @Cron('0 0 1 1 *')
      @LeaderOnly('jobs', { ttl: 6_000 })
      async another(): Promise<void> {
        await Promise.resolve();
      }
    }
    const nodes = [new MemoryLockNode()];
    const app = await Test.createTestingModule({
      imports: [ScheduleModule.forRoot(), RedlockModule.forRoot({ nodes })],
      providers: [Others],
    }).compile();

    await expect(app.init()).rejects.toThrow(/@LeaderOnly on Others\.another.*differ/s);
    expect(app.get(SchedulerRegistry).getCronJobs().size).toBe(0);
    expect((await nodes[0]?.inspect('jobs'))?.ownerToken).toBeUndefined();
  });

  it('takes part once the application starts, and not when a module is made ready', async () => {
    const seen: string[] = [];
    const nodes = [new MemoryLockNode()];

    @Injectable()
    class Slow extends Jobs implements OnModuleInit {
      constructor(private readonly locks: LockService) {
        super();
      }

      async onModuleInit(): Promise<void> {
        for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
        seen.push((await this.locks.inspect('jobs')).state);
      }
    }

    apps = [await start(nodes, Slow as never)];
    expect(seen).toEqual(['free']);
    await until('it is held', async () => (await nodes[0]?.inspect('jobs'))?.ownerToken !== undefined);
  });

  it('passes the signal of the term, which aborts when the application shuts down', async () => {
    apps = [await start([new MemoryLockNode()])];
    await until('one leads', () => apps.some(leadsIn));
    const app = apps[0] as TestingModule;
    const jobs = app.get(Jobs);
    const running = jobs.untilAborted();
    await until('it runs', () => jobs.ran.includes('begun'));
    await Promise.all([app.close(), running]);
    apps = [];

    expect(jobs.ran).toEqual(['begun', 'aborted']);
  });

  it.each([
    ['a stream', Observable],
    ['a generator', undefined],
  ])('refuses %s when the class is defined', (kind, returns) => {
    const method = kind === 'a stream' ? () => EMPTY : async function* () {};
    const prototype = { method };
    if (returns !== undefined) Reflect.defineMetadata('design:returntype', returns, prototype, 'method');
    const decorate = LeaderOnly('jobs') as (...args: unknown[]) => void;

    expect(() => {
      decorate(prototype, 'method', Object.getOwnPropertyDescriptor(prototype, 'method'));
    }).toThrow(/returns a stream/);
  });

  it.each([
    ['a name that is no resource', () => LeaderOnly('')],
    ['an option that no election has', () => LeaderOnly('jobs', { wait: 5 } as never)],
    ['a connection that is no name', () => LeaderOnly('jobs', { connection: '' })],
  ])('refuses %s', (_, decorate) => {
    expect(decorate).toThrow(/A resource is empty|wait|connection/);
  });
});
