import { createRequire } from 'node:module';
import { Injectable, Module, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { LockService } from '../../../lib';
import { runBlock, runSteps } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { until } from '../../helpers/until';

const load = createRequire(__filename) as (name: string) => Record<string, unknown>;

describe('the examples of MIGRATING.md', () => {
  let world: DocumentWorld;
  let clients: Redis[];
  let admins: Redis[];
  let services: LockService[];
  /** What the keys were while the work of an example ran. */
  let keys: string[][];

  beforeAll(async () => {
    world = await DocumentWorld.start();
    admins = world.nodes.map((url) => new Redis(url));
  });

  beforeEach(() => {
    clients = world.nodes.map((url) => new Redis(url));
    keys = [];
    services = [];
  });

  afterEach(async () => {
    await Promise.all(services.map((service) => service.close()));
    await Promise.all(admins.map((admin) => admin.flushall()));
    // One that has ended would wait two seconds for its socket to close.
    for (const client of clients.filter(({ status }) => status !== 'end')) client.disconnect();
  });

  afterAll(async () => {
    for (const admin of admins) admin.disconnect();
    await world.stop();
  });

  /** Notes the keys of all nodes: a lock is held when a majority has granted it, and one node may come later. */
  const see = async () => {
    const ofEach = await Promise.all(admins.map((admin) => admin.keys('*')));
    keys.push([...new Set(ofEach.flat())]);
  };

  it('of redlock lock the same key before and after', async () => {
    const { default: Redlock } = jest.requireActual<{ default: unknown }>('redlock');
    const [a, b, c] = clients;
    const scope = { Redlock, a, b, c, pay: see, ship: see };

    await runSteps('docs/MIGRATING.md', 'redlock.using(', { scope });
    const { locks } = (await runSteps('docs/MIGRATING.md', 'wait: 2_200', {
      change: (code) => `${world.change(code)}\nexport { locks };`,
      scope: { pay: see, ship: see },
    })) as { locks: LockService };
    services.push(locks);

    expect(keys).toEqual(Array(6).fill(['order:7']));
  });

  it('of redis-semaphore lock the same key before and after', async () => {
    const { Mutex } = load('redis-semaphore');
    const steps = [true, false, true, false];
    const step = () => see().then(() => steps.shift());

    await runSteps('docs/MIGRATING.md', 'new Mutex(', { scope: { Mutex, client: clients[0], step } });
    const { locks } = (await runSteps('docs/MIGRATING.md', "keyPrefix: 'mutex:'", {
      change: (code) => `${world.change(code)}\nexport { locks };`,
      scope: { step },
    })) as { locks: LockService };
    services.push(locks);

    expect(keys).toEqual(Array(4).fill(['mutex:order:7']));
  });

  it('of @anchan828/nest-redlock lock the same key before and after', async () => {
    const { Redlock, RedlockModule, RedlockService } = load('@anchan828/nest-redlock');
    const [a, b, c] = clients;
    const scope = { ...{ Redlock, RedlockModule, RedlockService, Injectable, Module }, a, b, c, see };
    const work = (code: string) => code.replace('comment: string): Promise<void> {', '$& await see();');

    for (const block of [
      runBlock('docs/MIGRATING.md', 'RedlockModule.register(', { change: work, scope }),
      runBlock('docs/MIGRATING.md', '@Locked((projectId', {
        change: (code) => work(world.change(code)),
        scope: { see },
      }),
    ]) {
      const { AppModule, ProjectService } = block as {
        AppModule: Type;
        ProjectService: Type<{ addComment(projectId: number, comment: string): Promise<void> }>;
      };
      const module = await Test.createTestingModule({
        imports: [AppModule],
        providers: [ProjectService],
      }).compile();
      module.useLogger(false);
      await module.init();
      await module.get(ProjectService).addComment(7, 'yes');
      await module.close();
    }

    expect(keys).toEqual(Array(2).fill(['projects/7/comments']));
  });

  it('of murlock lock the key that murlock has', async () => {
    const { AppModule, UserService } = runBlock('docs/MIGRATING.md', 'async sell(', {
      change: (code) => world.change(code).replaceAll('dto: BuyDto): Promise<void> {', '$& await see();'),
      scope: { see },
    }) as { AppModule: Type; UserService: Type<Record<'buy' | 'sell', (...all: object[]) => Promise<void>>> };
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    await module.init();
    const users = module.get(UserService);

    await users.buy({ id: 'anna' }, { sku: 'tea' });
    await until('it is free', async () => {
      const sizes = await Promise.all(admins.map((admin) => admin.dbsize()));
      return sizes.every((size) => size === 0);
    });
    await users.sell({ id: 'anna' }, { sku: 'tea' });

    expect(keys).toEqual([['buy:anna:tea'], ['UserService:sell:anna:tea']]);
    await module.close();
  });
});
