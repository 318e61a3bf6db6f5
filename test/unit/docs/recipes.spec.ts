import { transformSync, type Options } from '@swc/core';
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
      transform: Record<string, [string, Options]>;
      moduleNameMapper: Record<string, string>;
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
  });

  it('make CommonJS of a class with decorators, with the types of what its constructor takes', () => {
    const [[transformer, options]] = Object.values(settings.transform) as [[string, Options]];

    const { code } = transformSync(
      `import { OrderService } from './order.service.js';
       @Controller() export class OrderController { constructor(private readonly orders: OrderService) {} }`,
      { ...options, filename: 'order.controller.ts', swcrc: false },
    );

    expect(transformer).toBe('@swc/jest');
    expect(code).toContain('require("./order.service.js")');
    expect(code).toMatch(/"design:paramtypes", \[\s*typeof _orderservice.OrderService/);
  });

  it('find the file of an import that ends with .js, as `nest new` writes it', () => {
    const found = (path: string) =>
      Object.entries(settings.moduleNameMapper).reduce(
        (name, [pattern, target]) => name.replace(new RegExp(pattern), target),
        path,
      );

    expect(found('./app.module.js')).toBe('./app.module');
    expect(found('../orders/order.service.js')).toBe('../orders/order.service');
    expect(found('@nest-quorum/redlock/testing')).toBe('@nest-quorum/redlock/testing');
    expect(found('bn.js')).toBe('bn.js');
  });

  it.each([
    '/app/node_modules/rxjs/dist/cjs/index.js',
    '/app/node_modules/.pnpm/rxjs@7.8.2/node_modules/rxjs/dist/cjs/index.js',
    '/app/node_modules/@nest-quorum/redlock/dist/index.js',
  ])('leave %s as it is', (file) => {
    expect(compiles(file)).toBe(false);
  });
});
