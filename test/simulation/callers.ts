import { LockBusyError } from '../../lib/errors/lock-busy.error';
import { LockLostError } from '../../lib/errors/lock-lost.error';
import { LockUnavailableError } from '../../lib/errors/lock-unavailable.error';
import type { WithLockOptions } from '../../lib/service/lock.service';
import type { LockTarget } from '../../lib/locking/api/lock-target';
import type { Lock } from '../../lib/locking/api/lock.interface';
import type { Request } from './judge';
import { PassingOn } from './passing-on';
import { type Call, LONGEST_TTL_MS, NODE_TIMEOUT_MS, QUIET_AFTER_MS } from './plan';
import type { SimulatedClient } from './simulated-client';
import type { World } from './world';

/** The time that late timers, and steps in between, may take. */
const SLACK_MS = 25;
/** An extension may be under way, and then the nodes have their time to answer. */
const RELEASE_MS = 2 * NODE_TIMEOUT_MS + SLACK_MS;

const ABORTED = new Error('the caller stopped waiting');

/** The code that uses the library: asks for locks, does something under them, gives them back. */
export class Callers {
  private calls = 0;
  private readonly passing: PassingOn;

  constructor(private readonly world: World) {
    this.passing = new PassingOn(world, (request, lock) => this.finish(request, lock));
  }

  start(call: Call): void {
    const client = this.world.clientAt(call.client);
    client.run(() => {
      void this.ask(client, call);
    });
  }

  close(client: SimulatedClient, timeoutMs: number): void {
    client.run(() => {
      if (client.isClosed) return;
      client.isClosed = true;
      client.closeTimeoutMs = timeoutMs;
      this.world.count('closed service');
      this.world.note(() => `${client.name} closes`);
      const closing = client.service.close();
      void this.world.judge.expect(closing, client, timeoutMs + 4 * NODE_TIMEOUT_MS + SLACK_MS, 'close()');
    });
  }

  /** As an operator does it, with the library. */
  forceRelease(client: SimulatedClient, resource: string, ownerToken: string | undefined): void {
    const { judge } = this.world;
    client.run(() => {
      const forcing = client.service.forceRelease(resource, { ownerToken });
      judge
        .expect(forcing, client, RELEASE_MS, 'forceRelease()')
        .catch((error: unknown) => {
          if (!client.isClosed) judge.accuse('known error', `forceRelease(): ${String(error)}`);
        })
        .finally(() => {
          if (ownerToken === undefined) judge.forcedOpen(resource, true);
          judge.forcedInVain(new Set(this.world.nodes.flatMap((node) => node.ownersOf(resource))));
        });
    });
  }

  /** Long after all faults: whoever asks gets it, one after another. */
  probe(): void {
    const { world } = this;
    const resources = [...new Set(world.plan.calls.flatMap((call) => call.resources))];
    const clients = world.clients.filter(({ isDead, isClosed }) => !isDead && !isClosed);
    const fencing = world.plan.calls.some((call) => call.fencing);
    let atMs = world.timeline.nowMs + QUIET_AFTER_MS;
    // Even if nobody is left to ask: every ttl is over then.
    world.timeline.at(atMs, () => undefined);
    for (const client of clients) {
      for (const resource of resources) {
        atMs += 500;
        const call: Call = { ...PROBE, fencing, atMs, client: client.position, resources: [resource] };
        world.timeline.at(atMs, () => {
          this.start(call);
        });
      }
    }
  }

  private async ask(client: SimulatedClient, call: Call): Promise<void> {
    const { judge } = this.world;
    const name = `call ${++this.calls} of ${client.name}`;
    const request = judge.asks(client, call, name);
    if (call.resources.length > 1) this.world.count('several resources');
    try {
      if (call.style === 'withLock') await this.askWithTask(request);
      else await this.askForHandle(request);
    } catch (error) {
      this.refused(request, error);
    }
  }

  private async askForHandle(request: Request): Promise<void> {
    const { client, call } = request;
    const { judge } = this.world;
    const acquiring = client.service.acquire(targetsOf(call), this.options(request));
    const lock = await judge.expect(acquiring, client, this.patienceMs(call), `acquire of ${request.name}`);
    judge.gave(request, lock);
    await this.finish(request, lock);
  }

  private async finish(request: Request, lock: Lock): Promise<void> {
    await this.work(request, lock);
    if (await this.passing.leave(request, lock)) return;
    const commit = this.commit(request, lock);
    await this.release(request, lock, commit);
  }

  private async askWithTask(request: Request): Promise<void> {
    const { client, call } = request;
    const { judge } = this.world;
    let settled: () => void = () => undefined;
    const started = new Promise<void>((resolve) => {
      settled = resolve;
    });
    let taskDone: Promise<unknown> = Promise.resolve();
    const end = { wasHeld: false };
    let release = () => Promise.resolve();
    const all = client.service.withLock(targetsOf(call), this.options(request), async (lock) => {
      settled();
      judge.gave(request, lock);
      const signal = lock.signal;
      await this.work(request, lock);
      end.wasHeld = lock.isHeld && !signal.aborted;
      const commit = this.commit(request, lock);
      if (commit !== undefined) release = () => this.release(request, lock, commit);
      judge.releases(request);
      taskDone = all.catch(() => undefined);
      void judge.expect(taskDone, client, RELEASE_MS, `the end of ${request.name}`);
    });
    all.catch(() => undefined).finally(settled);
    await judge.expect(started, client, this.patienceMs(call), `acquire of ${request.name}`);
    await all;
    await release();
    judge.released(request, undefined);
    if (!end.wasHeld)
      judge.accuse('true success', `${request.name}: withLock succeeds, but its lock was lost before`);
  }

  private async work(request: Request, lock: Lock): Promise<void> {
    const { client, call } = request;
    for (const { afterMs, ttl } of call.extensions ?? []) {
      client.clock.schedule(afterMs, () => {
        void this.extend(request, lock, ttl);
      });
    }
    const signal = lock.signal;
    await new Promise<void>((resolve) => {
      const timer = client.clock.schedule(call.holdMs, resolve);
      if (!call.obeys) return;
      const stop = () => {
        timer.cancel();
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop);
    });
  }

  private async extend(request: Request, lock: Lock, ttl: number): Promise<void> {
    const { judge } = this.world;
    this.world.note(() => `${request.name} extends by ${ttl} ms`);
    const inLine = (request.call.extensions?.length ?? 0) + 2;
    try {
      await judge.expect(
        lock.extend(ttl),
        request.client,
        inLine * NODE_TIMEOUT_MS + SLACK_MS,
        `extend of ${request.name}`,
      );
    } catch (error) {
      if (error instanceof LockLostError || error instanceof LockUnavailableError) return;
      judge.accuse('known error', `extend of ${request.name}: ${String(error)}`);
    }
  }

  /** What the next holder must be able to see; undefined: nothing, or the lock is lost already. */
  private commit(request: Request, lock: Lock): Promise<void> | undefined {
    const { commitMs } = request.call;
    if (commitMs === undefined || !lock.isHeld) return undefined;
    const commit = new Promise<void>((resolve) => {
      request.client.clock.schedule(commitMs, () => {
        this.world.judge.commits(request, lock);
        resolve();
      });
    });
    lock.holdUntil(commit);
    return commit;
  }

  private async release(request: Request, lock: Lock, commit?: Promise<void>): Promise<void> {
    const { judge } = this.world;
    judge.releases(request);
    const release = () =>
      judge.expect(lock.release(), request.client, RELEASE_MS, `release of ${request.name}`);
    let outcome = await release();
    if (outcome === 'deferred') {
      await commit;
      outcome = await release();
    }
    if (outcome !== 'deferred' && outcome !== 'detached') judge.released(request, outcome);
    else judge.accuse('settles in time', `${request.name} is not released after its commit`);
  }

  private refused(request: Request, error: unknown): void {
    const { judge } = this.world;
    const { call, client, name } = request;
    judge.refused(request, error);
    if (error === ABORTED) {
      this.world.count('aborted wait');
      return;
    }
    if (error instanceof LockLostError && call.style === 'withLock') return;
    if (error instanceof LockBusyError || error instanceof LockUnavailableError) {
      this.world.count(error instanceof LockBusyError ? 'busy' : 'unavailable');
      if ((call.wait === null || call.atMs > this.world.plan.healAtMs + LONGEST_TTL_MS) && !client.isClosed)
        judge.accuse('gets the lock', `${name} does not get it: ${String(error)}`);
      return;
    }
    judge.accuse('known error', `${name}: ${String(error)}`);
  }

  private options({ client, call }: Request): WithLockOptions {
    const { ttl, wait, autoExtend, fencing, maxHold, holdAtLeast, abortAfterMs } = call;
    const options = {
      ttl,
      wait: wait ?? Infinity,
      outageWait: Infinity,
      autoExtend,
      fencing,
      maxHold,
      holdAtLeast,
      ...{ limit: call.limit, permits: call.permits, fair: call.fair },
    };
    if (abortAfterMs === undefined) return options;
    const controller = new AbortController();
    client.clock.schedule(abortAfterMs, () => {
      controller.abort(ABORTED);
    });
    return { ...options, signal: controller.signal };
  }

  /** The deadline, and a round that began just before it: first the leader, then the others. */
  private patienceMs({ wait, abortAfterMs, fencing, limit }: Call): number {
    // A token may take a round more, or a second attempt with another proposal.
    // Permits may take a second round too.
    const rounds = (fencing === true ? 2.2 : 1.2) + (limit === undefined ? 0 : 2);
    // After a split vote, who waits for less goes on for as long again, and a round that began just before its end.
    const isShort = (wait ?? Infinity) < NODE_TIMEOUT_MS;
    const waitMs = (wait ?? Infinity) + (isShort ? 1 + 2 * rounds : rounds) * NODE_TIMEOUT_MS;
    return Math.min(waitMs, abortAfterMs ?? Infinity) * 1.01 + SLACK_MS;
  }
}

function targetsOf({ resources, shared = [] }: Call): LockTarget[] {
  return resources.map((name) => (shared.includes(name) ? { shared: name } : name));
}

const PROBE = {
  style: 'acquire',
  ttl: 1_000,
  wait: 200,
  autoExtend: false,
  holdMs: 10,
  obeys: true,
} as const;
