import { SteadyClock } from '../../lib/system/system-clock';
import { LockEvents } from '../../lib/service/lock-events';
import { LockService } from '../../lib/service/lock.service';
import { LockContext } from '../../lib/service/lock-context';
import { LockManager } from '../../lib/locking/lock-manager';
import { ClusterLink } from './cluster-link';
import { Link } from './link';
import { type ClientPlan, isJumpy, LONGEST_TTL_MS, NODE_TIMEOUT_MS, type Plan } from './plan';
import { Random } from './random';
import { SimulatedClock } from './simulated-clock';
import { SimulatedCluster } from './simulated-cluster';
import type { World } from './world';

/** Node keeps every AsyncLocalStorage that was ever used, and asks each of them at every promise. */
const CONTEXT = new LockContext();

/**
 * At each node as long as the service is open: what guards it, what notes that it refuses, what reports on it, and what
 * tells waiters that it is up again.
 */
const OWN_LISTENERS = 4;

/** One process with the real lock service in it: its clocks, its event loop, its connections. */
export class SimulatedClient {
  readonly clock: SimulatedClock;
  /** As the library reads it, by which what it does is judged. */
  readonly steadyClock: SteadyClock;
  readonly links: readonly (Link | ClusterLink)[];
  readonly service: LockService;
  readonly name: string;
  isDead = false;
  isClosed = false;
  /** The time for which it did not run, up to the last time that it began to run again. */
  blockedForMs = 0;
  /** When its machine slept for the last time, or its wall clock was set; on the monotonic clock. */
  wallMovedAtMs = -Infinity;
  isWallMoved = false;
  /** When it began to run again for the last time, on the monotonic clock. */
  resumedAtMs = -Infinity;

  closeTimeoutMs = 100;

  private readonly random: Random;
  private manager: LockManager | undefined;
  private blocks = 0;
  private places = 0;
  private blockedSinceMs = 0;
  private timersWaiting: (() => void)[] = [];
  private messagesWaiting: (() => void)[] = [];

  constructor(
    private readonly world: World,
    readonly position: number,
    readonly generation: number,
    private readonly plan: ClientPlan,
  ) {
    const { seed } = world.plan;
    this.name = `client-${position + 1}${generation === 0 ? '' : `.${generation}`}`;
    this.random = new Random(seed, 1_000 + position * 64 + generation);
    this.clock = new SimulatedClock(
      {
        timeline: world.timeline,
        runTimer: (turn) => {
          this.enter(turn, this.timersWaiting);
        },
        runImmediate: (turn) => {
          world.timeline.after(0, () => {
            this.run(turn);
          });
        },
      },
      plan,
      this.random,
    );
    this.steadyClock = new SteadyClock(this.clock);
    this.links = world.nodes.map((node, index) => {
      const { baseMs, jitterMs } = plan.links[index] ?? { baseMs: 1, jitterMs: 0 };
      const chance = new Random(seed, 100_000 + (position * 64 + generation) * 8 + index);
      const delayMs = () => baseMs + jitterMs * chance.fraction() ** 2;
      const name = `node-${index + 1}`;
      return node instanceof SimulatedCluster
        ? new ClusterLink(name, world, this, node, delayMs)
        : new Link(name, world, this, node, delayMs);
    });
    this.service = this.startService();
    for (const link of this.links) {
      if (generation === 0) link.beConnected();
      else link.connect();
    }
  }

  get isRunning(): boolean {
    return !this.isDead && this.blocks === 0;
  }

  get blockedMs(): number {
    return this.blockedForMs + (this.blocks > 0 ? this.world.timeline.nowMs - this.blockedSinceMs : 0);
  }

  /** What it keeps although nobody asks, holds or waits. */
  remembers(): string[] {
    const inside = this.manager as unknown as {
      acquisitionSetup: {
        line: { isEmpty: boolean };
        admission: { inside: number };
        comebacks: { hearers: Set<unknown> };
      };
      acquisitions: Set<unknown>;
      held: Set<unknown>;
      groups: { isEmpty: boolean };
      abandonedAttempts: Set<unknown>;
      around: { keepAlive: { size: number } };
    };
    const counts = {
      timers: this.clock.pendingTimers,
      subscriptions: this.links.reduce((sum, link) => sum + link.subscriptions, 0),
      // The service itself listens to each.
      'status listeners': this.links.reduce(
        (sum, link) => sum + Math.max(0, link.listeners - OWN_LISTENERS),
        0,
      ),
      lines: inside.acquisitionSetup.line.isEmpty ? 0 : 1,
      'waiters that hear of nodes': inside.acquisitionSetup.comebacks.hearers.size,
      acquisitions: inside.acquisitions.size,
      'callers inside': inside.acquisitionSetup.admission.inside,
      locks: inside.held.size,
      'groups of readers': inside.groups.isEmpty ? 0 : 1,
      abandoned: inside.abandonedAttempts.size,
      leases: inside.around.keepAlive.size,
    };
    return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
  }

  /** Runs a turn of the event loop now; or behind what waits already, when the process runs again. */
  run(turn: () => void): void {
    this.enter(turn, this.messagesWaiting);
  }

  stall(ms: number): void {
    if (this.isDead) return;
    this.world.count('stall');
    this.block(ms, () => undefined);
  }

  suspend(ms: number): void {
    if (this.isDead) return;
    this.world.count('suspend');
    this.clock.sleep();
    this.isWallMoved = true;
    this.block(ms, () => {
      this.clock.awake();
      this.wallMovedAtMs = this.clock.now();
    });
  }

  crash(): void {
    if (this.isDead) return;
    this.isDead = true;
    for (const link of this.links) link.break(0);
  }

  /** A garbage collection between two requests of one turn. */
  pauseInTurn(): void {
    const { pauseChance, pauseMs } = this.plan;
    if (pauseChance > 0 && this.world.areFaultsOn && this.random.chance(pauseChance)) {
      this.world.count('pause in a turn');
      this.clock.aheadMs += this.random.between(0, pauseMs);
    }
  }

  /** The turn and everything that it set off are over. */
  endTurn(): void {
    const { aheadMs } = this.clock;
    if (aheadMs === 0) return;
    this.clock.aheadMs = 0;
    this.block(aheadMs, () => undefined);
  }

  private enter(turn: () => void, waiting: (() => void)[]): void {
    if (this.isDead) return;
    if (this.blocks > 0) {
      waiting.push(turn);
      return;
    }
    this.world.running = this;
    turn();
  }

  private block(ms: number, onEnd: () => void): void {
    if (this.blocks === 0) this.blockedSinceMs = this.world.timeline.nowMs;
    this.blocks += 1;
    this.world.note(() => `${this.name} does not run for ${ms.toFixed(1)} ms`);
    this.world.timeline.after(ms, () => {
      onEnd();
      this.blocks -= 1;
      if (this.blocks > 0) return;
      this.resumedAtMs = this.clock.now();
      this.blockedForMs += this.world.timeline.nowMs - this.blockedSinceMs;
      this.world.note(() => `${this.name} runs again`);
      // As in Node: timers that are due come before the sockets are read.
      const turns = [
        ...this.timersWaiting.splice(0).map((turn) => [turn, this.timersWaiting] as const),
        ...this.messagesWaiting.splice(0).map((turn) => [turn, this.messagesWaiting] as const),
      ];
      for (const [turn, waiting] of turns) {
        this.world.timeline.after(0, () => {
          this.enter(turn, waiting);
        });
      }
    });
  }

  private startService(): LockService {
    const { world } = this;
    const { rules } = world;
    const events = new LockEvents();
    const tokens = rules.ownerTokens(this.tokenMaker());
    const manager = new LockManager({
      nodes: this.links,
      clock: rules.clock(this.steadyClock),
      wall: this.clock,
      // Places in line are called by it, and nothing else.
      randomness: { secret: () => `${this.name}-${++this.places}`, fraction: this.random.fraction },
      newOwnerToken: tokens.next,
      fencing: { skewMs: LONGEST_TTL_MS * 0.25, keepMs: keepCountersMs(world.plan) },
      restartGuard: rules.restartGuard(world.plan),
      limits: { nodeTimeoutMs: NODE_TIMEOUT_MS, maxTtlMs: LONGEST_TTL_MS },
      defaults: { ttl: LONGEST_TTL_MS },
      emit: (event) => {
        if (event.type === 'acquired') tokens.won();
        this.world.judge.hear(this, event);
      },
      audience: { isObserved: true, isTraced: false },
    });
    this.manager = manager;
    const service = new LockService(manager, events, () => manager.close(this.closeTimeoutMs));
    (service as unknown as { context: LockContext }).context = CONTEXT;
    return service;
  }

  private tokenMaker(): () => string {
    let made = 0;
    return () => `${this.name}#${++made}`;
  }
}

/** As short as the options allow; where clocks of nodes jump by as much, counters are kept as long as by default. */
function keepCountersMs(plan: Plan): number {
  return isJumpy(plan) || plan.kind === 'skewed' ? 86_400_000 : 2 * LONGEST_TTL_MS;
}
