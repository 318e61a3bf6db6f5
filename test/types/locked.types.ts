/**
 * What the compiler takes and refuses. Nothing here runs: `tsc -p tsconfig.json` is the test.
 */
import { applyDecorators, Get, Inject, Injectable } from '@nestjs/common';
import { Readable } from 'node:stream';
import { Observable, of, Subject } from 'rxjs';
import {
  bindLockService,
  CurrentLock,
  getLockServiceToken,
  InjectLockService,
  LockInterceptor,
  LeaderOnly,
  Locked,
  LockKey,
  LockService,
  LockSignal,
  RedlockModule,
  type Lock,
  type LockedOptions,
  type LockLostError,
} from '../../lib';
import type { ReturnFits } from '../../lib/calls/locked-decorator.interface';

/** The compiler says what does not fit. */
export const cannotWait: ReturnFits<() => void>['mismatch'] =
  'a locked method waits for its lock: make it async, or let it return a promise';
export const isNoGenerator: ReturnFits<() => Readable>['mismatch'] =
  'a locked stream is an AsyncGenerator: declare the method to return that';

interface Transfer {
  from: string;
  to: string;
}

export class Methods {
  region = 'eu';

  @Locked('order:<0>')
  async template(_id: string): Promise<number> {
    return Promise.resolve(1);
  }

  @Locked(['account:<0.from>', 'account:<0.to>'], { ttl: 5_000, wait: 2_000 })
  async templates(_transfer: Transfer): Promise<void> {
    await Promise.resolve();
  }

  @Locked((id: string) => `order:${id}`)
  async keyFunction(_id: string): Promise<void> {
    await Promise.resolve();
  }

  @Locked((id: string) => [`a:${id}`, `b:${id}`] as const)
  async fewerParametersThanTheMethod(_id: string, _count: number): Promise<void> {
    await Promise.resolve();
  }

  @Locked((id: string | number) => `order:${id}`)
  async widerParametersThanTheMethod(_id: string): Promise<void> {
    await Promise.resolve();
  }

  @Locked(function (this: Methods, id: string) {
    return `${this.region}:${id}`;
  })
  async keyFunctionWithThis(_id: string): Promise<void> {
    await Promise.resolve();
  }

  @Locked((id) => `order:${String(id)}`)
  async keyFunctionWithoutTypes(_id: string): Promise<void> {
    await Promise.resolve();
  }

  @Locked('x')
  protected async protectedMethod(): Promise<void> {
    await Promise.resolve();
  }

  @Locked('x:<0>')
  async generic<T extends { id: string }>(value: T): Promise<T> {
    return Promise.resolve(value);
  }

  @applyDecorators(Locked('x'), Get())
  async insideApplyDecorators(): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error a sync method cannot wait
  @Locked('x')
  syncMethod(): number {
    return 1;
  }

  // @ts-expect-error it may or may not wait
  @Locked('x')
  sometimesAsync(): Promise<number> | number {
    return 1;
  }

  // @ts-expect-error the method gets a string
  @Locked((id: number) => `order:${id}`)
  async otherParameter(_id: string): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error the method may be called without it
  @Locked((id: string) => `order:${id}`)
  async optionalParameter(_id?: string): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error the method has one parameter
  @Locked((id: string, count: number) => `order:${id}:${count}`)
  async moreParametersThanTheMethod(_id: string): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error it stands in another class
  @Locked(function (this: { tenant: string }, id: string) {
    return `${this.tenant}:${id}`;
  })
  async otherThis(_id: string): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error a key is a string
  @Locked((id: number) => id)
  async keyThatIsNoString(_id: number): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error there is no such option
  @Locked('x', { timeout: 1 })
  async unknownOption(): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error there is no such option, beside one that is
  @Locked('x', { ttl: 1_000, timeout: 1 })
  async unknownOptionBesideAnother(): Promise<void> {
    await Promise.resolve();
  }
}

const sharedOptions: LockedOptions = { ttl: 5_000, onBusy: 'skip' };

export class OnBusyMethods {
  limit = 3;

  @Locked('x', { onBusy: 'skip' })
  async skipsToNothing(): Promise<void> {
    await Promise.resolve();
  }

  @Locked('x', { onBusy: 'skip' })
  async skipsToUndefined(): Promise<number | undefined> {
    return Promise.resolve(1);
  }

  @Locked('x', { onBusy: (id: string) => id.length })
  async callsAFunction(_id: string): Promise<number> {
    return Promise.resolve(1);
  }

  @Locked('x', { onBusy: async (id) => Promise.resolve(String(id).length) })
  async callsAnAsyncFunction(_id: string): Promise<number> {
    return Promise.resolve(1);
  }

  @Locked('x', {
    onBusy(this: OnBusyMethods) {
      return this.limit;
    },
  })
  async callsAFunctionWithThis(): Promise<number> {
    return Promise.resolve(1);
  }

  @Locked('x', { onBusy: 'throw', connection: 'billing', reentrant: false })
  async throws(): Promise<number> {
    return Promise.resolve(1);
  }

  @Locked('x', sharedOptions)
  async takesSharedOptions(): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error the caller counts on a number
  @Locked('x', { onBusy: 'skip' })
  async mustNotSkip(): Promise<number> {
    return Promise.resolve(1);
  }

  // @ts-expect-error the caller counts on a number
  @Locked('x', { onBusy: () => 'busy' })
  async otherResult(): Promise<number> {
    return Promise.resolve(1);
  }

  // @ts-expect-error the caller counts on a number
  @Locked('x', { onUnavailable: () => 'none' })
  async otherResultWithoutNodes(): Promise<number> {
    return Promise.resolve(1);
  }

  // @ts-expect-error an outage is not to be skipped in silence
  @Locked('x', { onUnavailable: 'skip' })
  async noSkip(): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error the method gets a string
  @Locked('x', { onBusy: (id: number) => id })
  async otherParameter(_id: string): Promise<number> {
    return Promise.resolve(1);
  }

  // @ts-expect-error there is no such way
  @Locked('x', { onBusy: 'ignore' })
  async otherWay(): Promise<void> {
    await Promise.resolve();
  }
}

export class StreamMethods {
  private readonly values = new Subject<number>();

  @Locked('x:<0>')
  observable(_id: string): Observable<number> {
    return this.values;
  }

  @Locked((id: string) => id, {
    onBusy: (id: string) => of(id.length),
    onLost: (_error, id) => String(id).length,
  })
  observableInstead(_id: string): Observable<number> {
    return this.values;
  }

  @Locked('x', { onBusy: 'skip', onLost: 'ignore' })
  observableSkipped(): Observable<number> {
    return this.values;
  }

  @Locked('x:<0>', { onBusy: () => 7 })
  async *generator(_id: string): AsyncGenerator<number, string, boolean> {
    yield await Promise.resolve(1);
    return 'end';
  }

  @Locked('x', { onBusy: 'skip' })
  async *iterable(): AsyncIterable<number> {
    yield await Promise.resolve(1);
  }

  // @ts-expect-error a Subject would come back as a mere Observable
  @Locked('x')
  subject(): Subject<number> {
    return this.values;
  }

  // @ts-expect-error a readable would come back as a mere generator
  @Locked('x')
  readable(): Readable {
    return Readable.from([]);
  }

  // @ts-expect-error a generator that cannot wait
  @Locked('x')
  *syncGenerator(): Generator<number> {
    yield 1;
  }

  // @ts-expect-error the values are numbers
  @Locked('x', { onBusy: () => of('text') })
  otherValues(): Observable<number> {
    return this.values;
  }
}

export class OnLostMethods {
  @Locked('x', { onLost: (error: LockLostError, id: string) => error.reason.length + id.length })
  async result(_id: string): Promise<number> {
    return Promise.resolve(1);
  }

  @Locked('x', { onLost: 'ignore', returns: 'promise' })
  async ignored(): Promise<number> {
    return Promise.resolve(1);
  }

  // @ts-expect-error the caller counts on a number
  @Locked('x', { onLost: () => 'text' })
  async otherResult(): Promise<number> {
    return Promise.resolve(1);
  }

  // @ts-expect-error the error comes first
  @Locked('x', { onLost: (id: string) => id.length })
  async withoutTheError(_id: string): Promise<number> {
    return Promise.resolve(1);
  }

  // @ts-expect-error there is no such way
  @Locked('x', { onLost: 'skip' })
  async otherWay(): Promise<void> {
    await Promise.resolve();
  }
}

export class Parameters {
  @Locked('order:<0>', { onBusy: (id: string) => id.length })
  async filled(
    _id: string,
    @LockSignal() _signal: AbortSignal,
    @CurrentLock() _lock?: Lock,
  ): Promise<number> {
    return Promise.resolve(1);
  }

  chosen(
    @CurrentLock('order:7') _resource: Lock,
    @CurrentLock({ resource: 'order:7', connection: 'billing' }) _both: Lock,
    @LockSignal({ connection: 'billing' }) _signal?: AbortSignal,
  ): void {
    // nothing
  }

  wrong(
    // @ts-expect-error there is no such option
    @CurrentLock({ name: 'billing' }) _option: Lock,
    // @ts-expect-error a resource is a string
    @LockSignal(7) _resource: AbortSignal,
  ): void {
    // nothing
  }

  // @ts-expect-error it stands at parameters
  @CurrentLock()
  method(): void {
    // nothing
  }
}

@Injectable()
export class Injected {
  @InjectLockService('billing') readonly property!: LockService;

  constructor(
    readonly locks: LockService,
    @InjectLockService() readonly same: LockService,
    @Inject(getLockServiceToken('billing')) readonly billing: LockService,
  ) {
    const bound: Methods = bindLockService(new Methods(), locks, 'billing');
    void bound.template('7').then((count: number) => count);
  }
}

class Config {
  nodes(): string[] {
    return [];
  }
}

const NODES = ['redis://a:6379', { host: 'b', port: 6379 }] as const;

export const modules = [
  RedlockModule.forRoot({ nodes: NODES }),
  RedlockModule.forRoot({ nodes: ['redis://a:6379'], name: 'billing', isGlobal: false }),
  RedlockModule.forRootAsync({
    inject: [Config],
    useFactory: (config: Config, note?: string) => ({ nodes: config.nodes(), keyPrefix: note }),
  }),
  RedlockModule.forRootAsync({ useFactory: async () => Promise.resolve({ nodes: [] }) }),
  // @ts-expect-error options without nodes
  RedlockModule.forRoot({ keyPrefix: 'x' }),
  // @ts-expect-error a class that makes no options
  RedlockModule.forRootAsync({ useClass: Config }),
];

export const interceptors = [
  LockInterceptor('order:<params.id>', { onBusy: 'skip', onLost: 'ignore' }),
  LockInterceptor('x', { onLost: (error, context) => [error.reason, context.getType()] }),
  LockInterceptor((context) => context.getClass().name, { onBusy: (context) => context.getType() }),
  // @ts-expect-error there is no such option
  LockInterceptor('x', { timeout: 1 }),
];

/** What `withLock` resolves to, by its `onBusy`. */
export async function whatABusyLockComesTo(locks: LockService): Promise<void> {
  const plain: number = await locks.withLock('x', () => 1);
  const throwing: number = await locks.withLock('x', { onBusy: 'throw' }, () => 1);
  const skipped: number | undefined = await locks.withLock('x', { onBusy: 'skip', ttl: 1_000 }, () => 1);
  // @ts-expect-error -- it may have been skipped
  const surely: number = await locks.withLock('x', { onBusy: 'skip' }, () => 1);
  const instead: number | string = await locks.withLock('x', { onBusy: ({ code }) => code }, () => 1);
  const later: number | null = await locks.withLock(
    'x',
    { onBusy: async () => Promise.resolve(null) },
    () => 1,
  );
  // @ts-expect-error -- what onBusy returns counts too
  const onlyTheTask: number = await locks.withLock('x', { onBusy: () => 'busy' }, () => 1);
  const fenced: number | undefined = await locks.withLock(
    'x',
    { onBusy: 'skip', fencing: true },
    ({ fencingToken }) => fencingToken,
  );
  // @ts-expect-error -- null says it already
  await locks.tryAcquire('x', { onBusy: 'skip' });
  // @ts-expect-error -- no such way
  // oxlint-disable-next-line typescript/no-deprecated -- what the compiler says of a call that fits nothing
  await locks.withLock('x', { onBusy: 'ignore' }, () => 1);
  await Promise.resolve([plain, throwing, skipped, surely, instead, later, onlyTheTask, fenced]);
}

/** A task that comes to what is read later. */
export async function whatATaskMustNotComeTo(locks: LockService): Promise<void> {
  /* oxlint-disable typescript/no-deprecated -- the linter of an application says so too */
  // @ts-expect-error -- the lock is released before
  const observable: Observable<number> = await locks.withLock('x', () => of(1));
  // @ts-expect-error -- the same in a promise, with options
  const later: Observable<number> = await locks.withLock('x', { ttl: 1_000 }, async () =>
    Promise.resolve(of(1)),
  );
  // @ts-expect-error -- a stream of Node too
  const file: Readable = await locks.withLock('x', ({ isHeld }) => Readable.from([isHeld]));
  // @ts-expect-error -- the locks are released before
  const work: Observable<number> = await locks.holdUntilDone(() => of(1));
  // @ts-expect-error -- nobody knows who leads then
  const led: Observable<number> | undefined = await locks.election('x').run(() => of(1));

  // @ts-expect-error -- its code runs when it is read
  const rows: Generator<number> = await locks.withLock('x', function* () {
    yield 1;
  });
  const list: number[] = await locks.withLock('x', () => [1]);
  const keys: MapIterator<string> = await locks.withLock('x', () => new Map<string, number>().keys());

  /* oxlint-enable typescript/no-deprecated */

  const { stream }: { stream: Observable<number> } = await locks.withLock('x', () => ({ stream: of(1) }));
  const known: number = await locks.withLock('x', ({ isHeld }) => Number(isHeld));
  // oxlint-disable-next-line typescript/no-unsafe-return, typescript/no-unsafe-assignment -- nothing is known of it
  const parsed: Methods = await locks.withLock('x', { ttl: 1_000 }, () => JSON.parse('{}'));
  const nothing: never = await locks.withLock('x', () => Promise.reject(new Error('x')));
  const slept: unknown = await locks.withLock('x', () => new Promise((resolve) => setTimeout(resolve, 1)));
  const pages: number = await locks.withLock('x', () =>
    Object.assign(Promise.resolve(1), { [Symbol.asyncIterator]: () => Readable.from([]).iterator() }),
  );
  await Promise.resolve([
    observable,
    later,
    file,
    work,
    led,
    stream,
    known,
    parsed,
    nothing,
    slept,
    pages,
    rows,
    list,
    keys,
  ]);
}

/** Functions of an application around ours. */
export class Wrappers {
  constructor(private readonly locks: LockService) {}

  run<T>(task: () => Promise<T>): Promise<T> {
    return this.locks.withLock('x', task);
  }

  runWithOptions<T>(task: () => T): Promise<T | undefined> {
    return this.locks.withLock('x', { onBusy: 'skip' }, () => task());
  }

  runAll<T>(task: () => Promise<T>): Promise<T> {
    return this.locks.holdUntilDone(() => this.locks.withLock('x', task));
  }
}

interface Order {
  id: string;
  lines?: { sku: string }[];
  customer: { address?: { city: string } | null };
}

const ANY_TEMPLATE: string = '<0.nothing>';

/** The placeholders of a template against the arguments of the method. */
export class Placeholders<Entity extends { id: string }> {
  last: Entity | undefined;
  private readonly region = 'eu';

  @Locked(['<0.id>:<0.lines.0.sku>', '<0.customer.address.city>:<1>:<<9>', '<this.region>'])
  async right(_order: Order, _line?: number): Promise<string> {
    return Promise.resolve(this.region);
  }

  @Locked('<3>:<3.id>')
  async rest(..._orders: Order[]): Promise<void> {
    await Promise.resolve();
  }

  @Locked('<0.id>:<1.any.thing>:<2.key>')
  // oxlint-disable-next-line typescript/no-explicit-any -- nothing is known of it
  async loose(_entity: Entity, _any: any, _record: Record<string, string> | undefined): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error there is one argument
  @Locked('order:<1>')
  async tooFar(_id: string): Promise<void> {
    await Promise.resolve();
  }

  @Locked(['<0.id|trim>:<0.lines.7.sku|lower>', { shared: '<1.length>' }, '<2.id>', '<3.id>', "<'{0.x}'>"])
  async loosely(
    _order: Order | null,
    _text: string,
    _unknown: unknown,
    _map?: Record<string, string>,
    ..._rest: number[]
  ): Promise<void> {
    await Promise.resolve();
  }

  @Locked('<0.id>:<1.id>:<2.code>')
  async wide<T extends { id: string }, U>(value: T, other: U, _any: object): Promise<[T, U]> {
    return Promise.resolve([value, other]);
  }

  @Locked('<key.nothing>:<this.region>')
  async named(@LockKey() _order: Order): Promise<void> {
    await Promise.resolve();
  }

  @Locked(ANY_TEMPLATE)
  async notKnown(_order: Order): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error there is one argument
  @Locked(['order:<0>', 'line:<1.id>'])
  async tooFarInOneOfSeveral(_id: string): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error there is one argument
  @Locked('order:<1|int>')
  async tooFarWithAForm(_id: string): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error an order has no number
  @Locked('order:<0.number>')
  async noProperty(_order: Order): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error an order has no number, with a form
  @Locked('order:<0.number|int>')
  async noPropertyWithAForm(_order: Order): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error an order has no number, read only and in the last of several
  @Locked(['order:<0.id>', { shared: 'order:<0.number>' }])
  async noPropertyInTheLast(_order: Order, _more: string): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error an address has no town
  @Locked('<0.customer.address.town>')
  async noPropertyFurtherDown(_order: Order): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error a text has no id
  @Locked('order:<1.id>')
  async noPropertyOfAText(_order: Order, _id: string): Promise<void> {
    await Promise.resolve();
  }
}

interface Item {
  id: string;
}

/** Functions that take the constraint of a type parameter of the class. */
export abstract class GenericItems<T extends Item, Id extends string | number = string> {
  protected last?: T;
  private readonly table = 'items';

  @Locked((item: Item) => `item:${item.id}`)
  async save(item: T): Promise<T> {
    return Promise.resolve(item);
  }

  @Locked((item: Partial<Item>) => `item:${item.id}`)
  async patch(item: Partial<T>, _id: Id): Promise<void> {
    await Promise.resolve(item);
  }

  @Locked((id: string | number) => `item:${id}`, { onBusy: 'skip' })
  async find(_id: Id): Promise<T | undefined> {
    return Promise.resolve(this.last);
  }

  @Locked(function (this: GenericItems<Item, string | number>, { id }: Item) {
    return `${this.table}:${id}`;
  })
  async withThis(item: T): Promise<T> {
    return Promise.resolve(item);
  }

  @Locked(({ id }: Item) => id, {
    onBusy: ({ id }: Item) => id,
    onUnavailable: ({ id }: Item) => id,
    onLost: (_error, { id }: Item) => id,
    label: ({ id }: Item) => id,
  })
  async everything(item: T, _count: number): Promise<string> {
    return Promise.resolve(item.id);
  }

  @Locked((item: Item) => item.id)
  async generic<K extends keyof T>(item: T, key: K): Promise<T[K]> {
    return Promise.resolve(item[key]);
  }

  @Locked((item: Item) => item.id)
  async *generator(item: T): AsyncGenerator<T> {
    yield Promise.resolve(item);
  }

  // @ts-expect-error an item has no number
  @Locked((item: { id: string; number: number }) => item.id)
  async narrower(item: T): Promise<T> {
    return Promise.resolve(item);
  }

  // @ts-expect-error the method may be called without it
  @Locked((item: Item) => item.id)
  async optional(_item?: T): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error the method has one parameter
  @Locked((item: Item, id: string) => `${item.id}:${id}`)
  async moreParameters(_item: T): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error the caller counts on a text
  @Locked((item: Item) => item.id, { onBusy: () => 1 })
  async otherResult(item: T): Promise<string> {
    return Promise.resolve(item.id);
  }

  // @ts-expect-error the caller counts on an item
  @Locked((item: Item) => item.id, { onBusy: 'skip' })
  async mustNotSkip(item: T): Promise<T> {
    return Promise.resolve(item);
  }

  // @ts-expect-error it cannot wait
  @Locked((item: Item) => item.id)
  sync(item: T): string {
    return item.id;
  }

  // @ts-expect-error it stands in another class
  @Locked(function (this: { tenant: string }, item: Item) {
    return `${this.tenant}:${item.id}`;
  })
  async otherThis(_item: T): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error there is one argument
  @Locked('item:<1>', { onBusy: ({ id }: Item) => id })
  async tooFar(item: T): Promise<string> {
    return Promise.resolve(item.id);
  }

  @Locked((...items: Item[]) => items.map(({ id }) => id), { onBusy: (first: Item) => first.id })
  async rest(item: T, ..._items: T[]): Promise<string> {
    return Promise.resolve(item.id);
  }

  // @ts-expect-error a text is no item
  @Locked((...items: Item[]) => items.map(({ id }) => id))
  async otherRest(..._ids: string[]): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error a text is no item, nor the second one
  @Locked((item: Item, ...items: Item[]) => [item, ...items].map(({ id }) => id))
  async otherThanRest(_item: T, _id: string): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error there may be none
  @Locked((item: Item) => item.id)
  async onlyRest(..._items: T[]): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error the second argument is a text
  @Locked(({ id }: Item) => id, { onBusy: (item: Item, count: number) => `${item.id}:${count}` })
  async otherSecond(item: T, _id: string): Promise<string> {
    return Promise.resolve(item.id);
  }
}

/** What is no method that could be locked. */
export class NoMethods {
  // @ts-expect-error a class has no lock service
  @Locked('x')
  static async ofTheClass(): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error an arrow is a property
  @Locked('x')
  arrow = async (): Promise<void> => {
    await Promise.resolve();
  };
}

/** What runs in a leader alone. */
export class Leaders {
  @LeaderOnly('jobs')
  async job(@LockSignal() _signal: AbortSignal): Promise<void> {
    await Promise.resolve();
  }

  @LeaderOnly('jobs', { ttl: 15_000 })
  async count(): Promise<number | undefined> {
    return Promise.resolve(1);
  }

  @LeaderOnly('jobs')
  async generic<T>(value: T): Promise<T | undefined> {
    return Promise.resolve(value);
  }

  @applyDecorators(LeaderOnly('jobs'), Get())
  async insideApplyDecorators(): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error elsewhere it comes to undefined
  @LeaderOnly('jobs')
  async always(): Promise<string> {
    return Promise.resolve('x');
  }

  // @ts-expect-error it cannot wait
  @LeaderOnly('jobs')
  sync(): void {
    // nothing
  }

  // @ts-expect-error nobody reads it while the process leads
  @LeaderOnly('jobs')
  stream(): Observable<number> {
    return of(1);
  }

  // @ts-expect-error a class has no lock service
  @LeaderOnly('jobs')
  static async ofTheClass(): Promise<void> {
    await Promise.resolve();
  }

  // @ts-expect-error an arrow is a property
  @LeaderOnly('jobs')
  arrow = async (): Promise<void> => {
    await Promise.resolve();
  };
}

/** As a standard decorator, which the compiler of this project does not use. */
export function standardDecorators(): void {
  const method = async (_id: string): Promise<void> => Promise.resolve();
  const context = { kind: 'method', name: 'method', addInitializer: () => undefined } as const;

  Locked('order:<0>')(method, { ...context, static: false });
  // @ts-expect-error a class has no lock service
  Locked('order:<0>')(method, { ...context, static: true });
  // @ts-expect-error there is one argument
  Locked('order:<1>')(method, { ...context, static: false });
  // @ts-expect-error a text has no id
  Locked('order:<0.id>')(method, { ...context, static: false });
}
