import { Test } from '@nestjs/testing';
import { LockService, LockUnavailableError, MemoryLockNode, RedlockModule } from '../../../lib';

/** Not run below Nest 12: see scripts/lib/matrix-skips.mjs. */
describe('the lock service of an application that failed to start', () => {
  it('ends with app.close()', async () => {
    const app = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      providers: [
        { provide: 'BROKEN', useValue: { onModuleInit: () => Promise.reject(new Error('broken')) } },
      ],
    }).compile();
    await expect(app.init()).rejects.toThrow('broken');

    await app.close();

    await expect(app.get(LockService).acquire('order:7')).rejects.toThrow(LockUnavailableError);
  });
});
