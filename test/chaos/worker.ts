import { setTimeout as sleep } from 'node:timers/promises';
import { LockBusyError } from '../../lib/errors/lock-busy.error';
import { LockUnavailableError } from '../../lib/errors/lock-unavailable.error';
import type { LockService } from '../../lib/service/lock.service';
import type { Lock } from '../../lib/locking/api/lock.interface';
import type { LockOptions } from '../../lib/locking/api/lock-options';
import type { LockTarget } from '../../lib/locking/api/lock-target';
import type { Random } from '../simulation/random';
import type { GuardedTable, Writer } from './guarded-table';
import { monotonicMs, report } from './report';
import { type ClientSettings, LIMITS, POOLS, RESOURCES, TTLS_MS } from './settings';

/** What a worker asks for, and what it has to tell of it. */
interface Wish {
  readonly targets: LockTarget[];
  readonly options: Pick<LockOptions, 'mode' | 'limit' | 'permits' | 'fair' | 'fencing'>;
  /** Those of the resources that are only read. */
  readonly shared: readonly string[];
}

/** Locks hot resources, one hold after another, and reports what it believes. */
export class Worker {
  private held: { readonly id: string; readonly lock: Lock } | undefined;
  private reads = 0;

  constructor(
    private readonly name: string,
    private readonly service: () => LockService,
    private readonly table: GuardedTable | undefined,
    private readonly random: Random,
    private readonly shares: Pick<ClientSettings, 'longHolds' | 'plainHolds' | 'members'>,
  ) {}

  async run(): Promise<never> {
    for (;;) {
      const wish = this.wish();
      const lock = await this.ask(wish);
      if (lock === undefined) await sleep(this.random.whole(5, 50));
      else await this.hold(lock, wish);
      await sleep(this.random.chance(0.5) ? 0 : this.random.whole(1, 20));
    }
  }

  /** The service has extended a lock; it may be another worker's. */
  extended(ownerToken: string): void {
    const { id = '', lock } = this.held ?? {};
    if (lock?.ownerToken === ownerToken) report({ type: 'extended', hold: id, untilMs: endOf(lock) });
  }

  private wish(): Wish {
    const { random, shares } = this;
    const fencing = !random.chance(shares.plainHolds);
    const fair = random.chance(0.2);
    const several = random.chance(0.25);
    const names = random.shuffle([...RESOURCES]).slice(0, several ? 2 : 1);
    if (!random.chance(shares.members)) return { targets: names, options: { fencing, fair }, shared: [] };
    switch (random.pick(['read', 'mixed', 'permits', 'permits', 'all'] as const)) {
      case 'read':
        // In one way, so that those of a process share what they have.
        return { targets: names.slice(0, 1), options: { mode: 'shared' }, shared: names.slice(0, 1) };
      case 'mixed': {
        const shared = names.slice(1);
        const targets = names.map((name) => (shared.includes(name) ? { shared: name } : name));
        return { targets, options: { fencing }, shared };
      }
      case 'permits': {
        const limit = random.pick(LIMITS);
        const permits = random.whole(1, 2);
        return { targets: [random.pick(POOLS)], options: { limit, permits, fencing }, shared: [] };
      }
      case 'all':
        return { targets: [random.pick(POOLS)], options: { fencing, fair }, shared: [] };
    }
  }

  private async ask({ targets, options }: Wish): Promise<Lock | undefined> {
    const { random } = this;
    const isReader = options.mode === 'shared';
    try {
      return await this.service().acquire(targets, {
        ...options,
        ttl: isReader ? TTLS_MS[1] : random.pick(TTLS_MS),
        wait: random.chance(0.2) ? 0 : random.whole(100, 3_000),
        autoExtend: isReader || random.chance(0.5),
      });
    } catch (error) {
      if (error instanceof LockBusyError) report({ type: 'busy' });
      else if (error instanceof LockUnavailableError) report({ type: 'unavailable' });
      else throw error;
      return undefined;
    }
  }

  private async hold(lock: Lock, { options: { limit }, shared }: Wish): Promise<void> {
    const { signal, ownerToken, resources, fencingToken: fence, slots } = lock;
    const hold = lock.mode === 'shared' ? `${ownerToken}/${++this.reads} of ${this.name}` : ownerToken;
    const atMs = monotonicMs();
    this.held = { id: hold, lock };
    const permits = limit === undefined ? undefined : { slots, limit };
    report({ type: 'start', hold, resources, atMs, untilMs: endOf(lock), fence, shared, permits });
    const lost = () => {
      report({ type: 'lost', hold, atMs: monotonicMs() });
    };
    signal.addEventListener('abort', lost, { once: true });

    const writer: Writer = { hold, startedMs: atMs, fence: fence ?? 0 };
    // The numbers of permits grow for each of them alone, and readers have none.
    const written = slots.length > 0 ? [] : resources.filter((resource) => !shared.includes(resource));
    await Promise.all([this.task(signal), this.write(written, writer)]);

    report({ type: 'end', hold, atMs: monotonicMs() });
    this.held = undefined;
    signal.removeEventListener('abort', lost);
    void lock.release();
    // As a holder does that was paused and knows nothing of the time.
    if (this.random.chance(0.2)) void this.writeLate(written, writer);
  }

  /** Stops when the lock is lost, as it should. */
  private async task(signal: AbortSignal): Promise<void> {
    const { random } = this;
    const isLong = random.chance(this.shares.longHolds);
    const shortMs = random.chance(0.9) ? random.whole(0, 15) : random.whole(20, 200);
    const lastsMs = isLong ? random.whole(400, 2_500) : shortMs;
    await sleep(lastsMs, undefined, { signal }).catch(() => undefined);
  }

  /** Does not ask whether the lock is still held: it is the token that has to stop it. */
  private async write(resources: readonly string[], writer: Writer): Promise<void> {
    if (this.table === undefined || writer.fence === 0) return;
    for (const resource of resources) {
      const isRefused = !(await this.table.write(resource, writer));
      report({ type: 'write', isRefused });
    }
  }

  private async writeLate(resources: readonly string[], writer: Writer): Promise<void> {
    await sleep(this.random.whole(0, 1_000));
    await this.write(resources, writer);
  }
}

/** The clock first: a moment that is a little too early, and never one at which the holder did not believe any more. */
function endOf(lock: Lock): number {
  const nowMs = monotonicMs();
  return nowMs + lock.remainingMs;
}
