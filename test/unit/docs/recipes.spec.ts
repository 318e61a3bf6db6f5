import { AsyncLocalStorage } from 'node:async_hooks';
import { createLockService, MemoryLockNode } from '../../../lib';
import { runBlock } from '../../helpers/document-module';

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

// The suites of this repository run under the same settings.
describe('the settings of jest for NestJS 12', () => {
  const { default: settings } = runBlock('docs/RECIPES.md', 'transformIgnorePatterns') as {
    default: {
      transform: Record<string, [string, { module: { type: string } }]>;
      transformIgnorePatterns: string[];
    };
  };
  const compiles = (file: string) =>
    Object.keys(settings.transform).some((pattern) => new RegExp(pattern).test(file)) &&
    !settings.transformIgnorePatterns.some((pattern) => new RegExp(pattern).test(file));

  it.each([
    '/app/src/orders.spec.ts',
    '/app/node_modules/@nestjs/common/index.js',
    '/app/node_modules/.pnpm/@nestjs+common@12.5.1_rxjs@7.8.2/node_modules/@nestjs/common/index.js',
  ])('compile %s to CommonJS', (file) => {
    expect(compiles(file)).toBe(true);
    expect(Object.values(settings.transform)).toEqual([['@swc/jest', { module: { type: 'commonjs' } }]]);
  });

  it.each([
    '/app/node_modules/rxjs/dist/cjs/index.js',
    '/app/node_modules/.pnpm/rxjs@7.8.2/node_modules/rxjs/dist/cjs/index.js',
    '/app/node_modules/@nest-quorum/redlock/dist/index.js',
  ])('leave %s as it is', (file) => {
    expect(compiles(file)).toBe(false);
  });
});
