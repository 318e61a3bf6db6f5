import type { Type } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { LockService } from '../../../lib';
import { runBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { until } from '../../helpers/until';

describe('the jobs of RECIPES.md', () => {
  let world: DocumentWorld;
  const apps: TestingModule[] = [];

  beforeAll(async () => {
    world = await DocumentWorld.start();
  });

  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await world.stop();
  });

  it('run once in the fleet, and are remembered by their date', async () => {
    const { JobsModule } = runBlock('docs/RECIPES.md', 'class NightlyJobs', { change: world.change }) as {
      JobsModule: Type;
    };
    const acquired: string[] = [];
    const busy: string[] = [];
    for (let process = 0; process < 2; process++) {
      const app = await (await Test.createTestingModule({ imports: [JobsModule] }).compile()).init();
      apps.push(app);
      app.get(LockService).events$.subscribe((event) => {
        if (event.type === 'acquired') acquired.push(...event.resources);
        if (event.type === 'busy') busy.push(...event.resources);
      });
      await app.get(LockService).ready();
    }

    for (const app of apps) {
      for (const job of app.get(SchedulerRegistry).getCronJobs().values()) await job.fireOnTick();
    }
    await until('one ran, and the other did not', () => acquired.length + busy.length === 2);

    expect(acquired).toEqual([
      expect.stringMatching(/^schedule:NightlyJobs\.invoices@\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/),
    ]);
    expect(busy).toEqual(acquired);
    expect(await world.isHeld(acquired[0] as string)).toBe(true);
  });
});
