import { compileFunction } from 'node:vm';
import ts from 'typescript';
import * as library from '../../../lib';
import {
  bindLockService,
  createLockService,
  LockBusyError,
  MemoryLockNode,
  type LockService,
} from '../../../lib';

/** What a compiler makes of TypeScript without `experimentalDecorators`. */
function compile(source: string): { readonly Orders: new () => Orders } {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
  });
  const module = { exports: {} as { readonly Orders: new () => Orders } };
  const load = (name: string): unknown => (name === '@nest-quorum/redlock' ? library : undefined);
  const run = compileFunction(outputText, ['require', 'module', 'exports']) as (...args: unknown[]) => void;
  run(load, module, module.exports);
  return module.exports;
}

interface Orders {
  pay(id: string): Promise<string>;
  generate(): AsyncGenerator<number>;
  detached(): (id: string) => Promise<string>;
}

const source = `
  import { Locked } from '@nest-quorum/redlock';
  class Base {
    region = 'eu';
    @Locked('order:<this.region>:<0>', { wait: 0 })
    async pay(id) { return 'paid ' + id; }
    @Locked('generator', { wait: 0 })
    async *generate() { yield 1; }
    detached() { return this.pay; }
  }
  export class Orders extends Base {}
`;

describe('@Locked without experimentalDecorators', () => {
  let locks: LockService;

  beforeEach(() => {
    locks = createLockService({ nodes: [new MemoryLockNode()] });
  });
  afterEach(async () => {
    await locks.close();
  });

  it('locks methods and generators of objects that are bound', async () => {
    const { Orders } = compile(source);
    const orders = bindLockService(new Orders(), locks);

    await expect(orders.pay('7')).resolves.toBe('paid 7');

    await using _lock = await locks.acquire(['order:eu:7', 'generator']);
    await expect(orders.pay('7')).rejects.toThrow(LockBusyError);
    await expect(orders.generate().next()).rejects.toThrow(LockBusyError);
    await expect(orders.pay('8')).resolves.toBe('paid 8');
  });

  it('is seen by Nest, which binds the objects that it made or was given', async () => {
    const { Test } = await import('@nestjs/testing');
    const { Orders } = compile(source);
    const module = await Test.createTestingModule({
      imports: [library.RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      providers: [Orders, { provide: 'MADE', useFactory: () => new Orders() }],
    }).compile();
    await module.init();

    await expect(module.get<Orders>(Orders).pay('7')).resolves.toBe('paid 7');
    await expect(module.get<Orders>('MADE').pay('7')).resolves.toBe('paid 7');
    await module.close();
  });

  it('tells of an object without a lock service, and of a method without its object', async () => {
    const { Orders } = compile(source);
    const orders = new Orders();

    await expect(orders.pay('7')).rejects.toThrow(/^Base\.pay is locked, but /);
    await expect(orders.detached()('7')).rejects.toThrow('it was called without its object');
  });

  it.each([
    ['static async pay() {}', 'pay is static, and a class has no lock service'],
    ['pay = async () => {}', 'pay is not a method. Write it as "async pay() { … }"'],
    ['get pay() { return 1; }', 'pay is not a method'],
    ['accessor pay = 1', 'pay is not a method'],
    ['*pay() {}', 'pay is a generator, whose readers cannot wait for a lock'],
    ['async pay() {} } @Locked("y") class Other {', 'stands on the class Other. Put it on each method'],
  ])('refuses %j when the class is defined', (member, problem) => {
    const wrong = `import { Locked } from '@nest-quorum/redlock'; class Orders { @Locked('x') ${member} }`;

    expect(() => compile(wrong)).toThrow(problem);
  });

  it.each([
    ["@Limited('x', { limit: 2 })", '@Limited'],
    ["@LeaderOnly('x')", '@LeaderOnly'],
  ])('names the decorator that was written in its refusals: %s', (written, name) => {
    const members = [
      'static async pay() {}',
      'pay = async () => {}',
      `async pay() {} } ${written} class Other {`,
    ];
    for (const member of members) {
      const wrong = `import { Limited, LeaderOnly } from '@nest-quorum/redlock'; class Orders { ${written} ${member} }`;

      expect(() => compile(wrong)).toThrow(new RegExp(`^${name}: `));
    }
  });
});
