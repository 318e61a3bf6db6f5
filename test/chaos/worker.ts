import { setTimeout as sleep } from 'node:timers/promises';
import { LockBusyError } from '../../lib/errors/lock-busy.error';
import { LockUnavailableError } from '../../lib/errors/lock-unavailable.error';
import type { LockService } from '../../lib/service/lock.service';
import type { Lock } from '../../lib/locking/api/lock.interface';
import type { Random } from '../simulation/random';
import type { GuardedTable, Writer } from './guarded-table';
import { monotonicMs, report } from './report';
import { type ClientSettings, RESOURCES, TTLS_MS } from './settings';

/** Locks hot resources, one hold after another, and reports what it believes. */
export class Worker {
  private held: Lock | undefined;

  constructor(
    private readonly service: () => LockService,
    private readonly table: GuardedTable | undefined,
    private readonly random: Random,
    private readonly shares: Pick<ClientSettings, 'longHolds' | 'plainHolds'>,
  ) {}

  async run(): Promise<never> {
    for (;;) {
      const lock = await this.ask();
      if (lock === undefined) await sleep(this.random.whole(5, 50));
      else await this.hold(lock);
      await sleep(this.random.chance(0.5) ? 0 : this.random.whole(1, 20));
    }
  }

  /** The service has extended a lock; it may be another worker's. */
  extended(ownerToken: string): void {
    const lock = this.held;
    if (lock?.ownerToken === ownerToken) report({ type: 'extended', hold: ownerToken, untilMs: endOf(lock) });
  }

  private async ask(): Promise<Lock | undefined> {
    const { random } = this;
    const several = random.chance(0.25);
    const resources = random.shuffle([...RESOURCES]).slice(0, several ? 2 : 1);
    try {
      return await this.service().acquire(resources, {
        ttl: random.pick(TTLS_MS),
        wait: random.chance(0.2) ? 0 : random.whole(100, 3_000),
        autoExtend: random.chance(0.5),
        fencing: !random.chance(this.shares.plainHolds),
      });
    } catch (error) {
      if (error instanceof LockBusyError) report({ type: 'busy' });
      else if (error instanceof LockUnavailableError) report({ type: 'unavailable' });
      else throw error;
      return undefined;
    }
  }

  private async hold(lock: Lock): Promise<void> {
    const { signal, ownerToken: hold, resources, fencingToken: fence } = lock;
    const atMs = monotonicMs();
    this.held = lock;
    report({ type: 'start', hold, resources, atMs, untilMs: endOf(lock), fence });
    const lost = () => {
      report({ type: 'lost', hold, atMs: monotonicMs() });
    };
    signal.addEventListener('abort', lost, { once: true });

    const writer: Writer = { hold, startedMs: atMs, fence: fence ?? 0 };
    await Promise.all([this.task(signal), this.write(resources, writer)]);

    report({ type: 'end', hold, atMs: monotonicMs() });
    this.held = undefined;
    signal.removeEventListener('abort', lost);
    void lock.release();
    // As a holder does that was paused and knows nothing of the time.
    if (this.random.chance(0.2)) void this.writeLate(resources, writer);
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
