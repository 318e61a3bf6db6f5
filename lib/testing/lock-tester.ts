import type { LockService } from '../service/lock.service';
import type { LockEvent } from '../locking/api/lock-event.interface';
import type { HeldLock } from '../locking/holding/held-lock';
import { checkLockOption } from '../locking/checks/lock-option-rules';
import { readOptions } from '../locking/checks/read-options';
import type { LockOptions } from '../locking/api/lock-options';
import type { LockTargets } from '../locking/api/lock-target';
import type { Lock, LockFor } from '../locking/api/lock.interface';
import type { TestingLockManager } from './testing-lock-manager';
import type { TestingNode } from './testing-node';

/** A test that looks at more events than this looks at none. */
const LONGEST_HISTORY = 10_000;
const MOST_TURNS = 100;

/** How somebody else holds a resource. */
export type HoldOptions = Pick<LockOptions, 'mode' | 'limit' | 'permits'>;

const testers = new WeakMap<LockService, LockTester>();

/**
 * What a test does to the locks of an application, and sees of them. Inject it with `module.get(LockTester)` from a
 * `RedlockTestingModule`, or take that of any lock service with `LockTester.of(module.get(LockService))`.
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
   * @throws Error when the service uses real nodes
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

  /** What has happened to the locks and nodes of the application so far, oldest first. */
  get history(): readonly LockEvent[] {
    return this.events;
  }

  /** Forgets the history, as between two tests of one application. */
  clearHistory(): void {
    this.events = [];
  }

  /**
   * Lets somebody else hold the resources, as if it were another process, until its `release()` or the end of the test
   * module. Waits for nobody, and has no `maxHold`, `holdAtLeast` or `fencing` from the defaults of the application.
   *
   * @throws LockBusyError when the application holds one of them
   *
   * @example `await using _other = await tester.hold('order:7');`
   * @example `await using _reader = await tester.hold('report:7', { mode: 'shared' });`
   */
  hold<const O extends HoldOptions = object>(resources: LockTargets, options?: O): Promise<LockFor<O>>;
  hold(resources: LockTargets, options?: HoldOptions): Promise<Lock> {
    return this.somebodyElse.acquire(resources, { ...options, wait: 0, autoExtend: true });
  }

  /**
   * Lets somebody else hold all permits that are left of a resource, until its `release()` or the end of the test module.
   *
   * @throws LockOptionsError without a limit that is possible
   * @throws Error when none is left
   *
   * @example `await using _others = await tester.fill('api', { limit: 5 });`
   */
  async fill(resource: string, options: { readonly limit: number }): Promise<Lock> {
    const { limit } = readOptions<{ limit: number }>(options, ['limit'], {
      name: 'options',
      what: ', such as { limit: 5 }',
      each: 'an option of fill()',
    });
    // Nothing is not possible either.
    checkLockOption('limit', limit);
    for (let permits = limit; permits > 0; permits--) {
      const lock = await this.somebodyElse.tryAcquire(resource, { limit, permits, autoExtend: true });
      if (lock !== null) return lock;
    }
    throw new Error(`No permit of ${JSON.stringify(resource)} is left to take, with a limit of ${limit}.`);
  }

  /**
   * Takes the lock on `resource` away from the application, and from all its readers or holders of permits, as if its nodes had lost it: its signal is aborted when this
   * returns, and somebody else can get it. A call that was made just before gets its lock first, if it is free.
   *
   * @throws Error when the application does not hold it
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
    // Also what would be kept for its `holdAtLeast`.
    for (const node of this.nodes) for (const one of all) node.forget(one);
    await Promise.all(all.map((one) => one.release()));
  }

  /**
   * Cuts `count` of the nodes off, by default all: they refuse everything, and keep what they have. With a majority of
   * them the application gets `LockUnavailableError`, and loses the locks that it has when their validity ends. What it
   * releases meanwhile is removed when they recover.
   */
  failNodes(count = this.nodes.length): void {
    for (const node of this.nodes.filter(({ status }) => status === 'up').slice(0, count)) node.fail();
  }

  /** Ends what `failNodes` began. */
  recoverNodes(): void {
    for (const node of this.nodes.filter(({ status }) => status === 'down')) node.recover();
  }

  /** Nodes in the process answer at once, so a lock that is free takes a few turns and no time. */
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
