import type { LockService } from '../service/lock.service';
import type { LockEvent } from '../locking/api/lock-event.interface';
import { describeValue } from '../errors/describe-value';
import { LockOptionsError } from '../errors/lock-options.error';
import { checkEachLockOption } from '../locking/api/check-lock-options';
import { checkLockOption } from '../locking/api/lock-option-rules';
import { readOptions } from '../errors/read-options';
import type { LockOptions } from '../locking/api/lock-options';
import type { LockTargets } from '../locking/api/lock-target';
import type { Lock, LockFor } from '../locking/api/lock.interface';
import type { HeldLock, TestingLockManager } from './testing-lock-manager';
import type { TestingNode } from './testing-node';

/** The most events in the history. No test looks at more than this. */
const LONGEST_HISTORY = 10_000;
const MOST_TURNS = 100;

/** Options for the way in which another holder holds a resource. */
export type HoldOptions = Pick<LockOptions, 'mode' | 'limit' | 'permits'>;

const testers = new WeakMap<LockService, LockTester>();

/**
 * Lets a test change the locks of an application, and see their events. Inject it with `module.get(LockTester)`
 * from a `RedlockTestingModule`, or take the one of any lock service with
 * `LockTester.of(module.get(LockService))`.
 */
export class LockTester {
  private events: LockEvent[] = [];

  /** @internal */
  constructor(
    locks: LockService,
    private readonly manager: TestingLockManager,
    private readonly nodes: readonly TestingNode[],
    private readonly somebodyElse: LockService,
  ) {
    locks.events$.subscribe({
      next: (event) => {
        if (this.events.length < LONGEST_HISTORY) this.events.push(event);
      },
      complete: () => void this.close(),
    });
  }

  /**
   * The tester of a lock service of `RedlockTestingModule` or `useRedlockTesting`.
   *
   * @throws Error if the service uses real nodes
   */
  static of(locks: LockService): LockTester {
    const tester = testers.get(locks);
    if (tester !== undefined) return tester;
    throw new Error(
      'This lock service is not under test. Import RedlockTestingModule, or wrap the builder: useRedlockTesting(Test.createTestingModule(…)).',
    );
  }

  /** @internal */
  static register(locks: LockService, tester: LockTester): void {
    testers.set(locks, tester);
  }

  /** The events of the locks and nodes of the application so far, oldest first. */
  get history(): readonly LockEvent[] {
    return this.events;
  }

  /** Clears the history, for example between two tests of one application. */
  clearHistory(): void {
    this.events = [];
  }

  /**
   * Makes somebody else hold the resources, as if it were another process, until `release()` of the result or the
   * end of the test module. It waits for nobody, and ignores `maxHold`, `holdAtLeast` and `fencing` in the
   * defaults of the application.
   *
   * @throws LockBusyError if the application holds one of them
   *
   * @example `await using _other = await tester.hold('order:7');`
   * @example `await using _reader = await tester.hold('report:7', { mode: 'shared' });`
   */
  hold<const O extends HoldOptions = object>(resources: LockTargets, options?: O): Promise<LockFor<O>>;
  async hold(resources: LockTargets, options: HoldOptions = {}): Promise<Lock> {
    // The options of the application may be given, which have others too.
    const checked = checkEachLockOption(options);
    return this.somebodyElse.acquire(resources, { ...checked, wait: 0, autoExtend: true });
  }

  /**
   * Makes somebody else hold all free permits of a resource, until `release()` of the result or the end of the
   * test module.
   *
   * @throws LockOptionsError for an impossible limit, or without one
   * @throws Error if no permit is free
   *
   * @example `await using _others = await tester.fill('api', { limit: 5 });`
   */
  async fill(resource: string, options: { readonly limit: number }): Promise<Lock> {
    const { limit } = readOptions<{ limit: number }>(options, ['limit'], {
      name: 'options',
      what: ', such as { limit: 5 }',
      each: 'an option of fill()',
    });
    // A missing limit is impossible too.
    checkLockOption('limit', limit);
    for (let permits = limit; permits > 0; permits--) {
      const lock = await this.somebodyElse.tryAcquire(resource, { limit, permits, autoExtend: true });
      if (lock !== null) return lock;
    }
    throw new Error(`No permit of ${JSON.stringify(resource)} is left to take, with a limit of ${limit}.`);
  }

  /**
   * Takes the lock on `resource` away from the application, and from all its readers or holders of permits, as if
   * the nodes had lost it. When the promise resolves, the signal is aborted, and somebody else can get the lock. A
   * call that was made just before gets its lock first, if it is free.
   *
   * @throws Error if the application does not hold it
   */
  async loseLock(resource: string): Promise<void> {
    const lock = await this.holderOf(resource);
    if (lock === undefined) {
      throw new Error(
        `Nobody holds ${JSON.stringify(resource)} in the application under test. Call loseLock() while it does.`,
      );
    }
    const all = this.manager.holdersOf(resource);
    for (const one of all) one.lose('gone');
    // A lock that is kept for its `holdAtLeast` is removed too.
    for (const node of this.nodes) for (const one of all) node.forget(one);
    await Promise.all(all.map((one) => one.release()));
  }

  /**
   * Makes `count` of the nodes fail, by default all: they refuse everything, and keep what they have. If they are
   * a majority, the application gets `LockUnavailableError`, and loses its locks when their validity ends. Locks
   * that it releases in the meantime are removed when the nodes recover.
   *
   * @throws LockOptionsError if there are not so many nodes, or if `count` is no whole number
   */
  failNodes(count = this.nodes.length): void {
    if (!Number.isInteger(count) || count < 0 || count > this.nodes.length) {
      throw new LockOptionsError(
        'count',
        `${describeValue(count)} is not possible; failNodes() takes a whole number from 0 to ${this.nodes.length}, the number of nodes.`,
      );
    }
    for (const node of this.nodes.filter(({ status }) => status === 'up').slice(0, count)) node.fail();
  }

  /** Makes the nodes work again that `failNodes` made fail. */
  recoverNodes(): void {
    for (const node of this.nodes.filter(({ status }) => status === 'down')) node.recover();
  }

  /**
   * The holder of a resource. Nodes in the process answer at once, so a free lock needs a few turns of the event
   * loop and no time.
   */
  private async holderOf(resource: string): Promise<HeldLock | undefined> {
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const holder = this.manager.holderOf(resource);
      if (holder !== undefined) return holder;
      await Promise.resolve();
    }
    return undefined;
  }

  private async close(): Promise<void> {
    await this.somebodyElse.close();
    await Promise.all(this.nodes.map((node) => node.close()));
  }
}
