import { AsyncLocalStorage } from 'node:async_hooks';
import { createLockService, MemoryLockNode } from '../../../lib';

// What docs/RECIPES.md says of CLS.
describe('the store of a caller', () => {
  it('is that of its task, also after it waited in line', async () => {
    const cls = new AsyncLocalStorage<string>();
    const locks = createLockService({ nodes: [new MemoryLockNode()] });
    const task = () => locks.withLock('order:7', async () => Promise.resolve(cls.getStore()));

    const seen = await Promise.all(['anna', 'ben', 'carl'].map((user) => cls.run(user, task)));

    expect(seen).toEqual(['anna', 'ben', 'carl']);
    await locks.close();
  });
});
