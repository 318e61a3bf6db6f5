import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FailedVote,
  LeaveRequest,
  LeaveVote,
  NodeHold,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseRequest,
  ReleaseSubscription,
  ReleaseVote,
  ServerFacts,
} from '../../lib/ports/lock-node.interface';
import type { MemoryMembers } from '../../lib/memory/memory-members';
import type { MemoryCounters } from '../../lib/memory/memory-counters';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import type { TokenBook } from './token-book';
import type { NodePlan } from './plan';
import type { Random } from './random';
import type { Timeline } from './timeline';

const SINCE_1970_MS = 1_800_000_000_000;
const LONG_AGO_MS = 3_600_000;

/** As a server says it whose memory is used up. */
const FULL: FailedVote = {
  kind: 'failed',
  error: Object.assign(new Error("OOM command not allowed when used memory > 'maxmemory'."), { code: 'OOM' }),
};

interface Waiting {
  readonly connection: object;
  readonly run: () => void;
}

/** One server: it keeps time by its own clock, pauses, crashes, and comes back with or without its data. */
export class SimulatedNode {
  state: 'up' | 'paused' | 'down' = 'up';
  /** Called when a request is sent on to another master. */
  onSentOn: () => void = () => undefined;
  /** Called when it crashes: all connections break. */
  onCrash: () => void = () => undefined;

  private store: MemoryLockNode;
  private waiting: Waiting[] = [];
  /** How many faults have filled it. */
  private filled = 0;
  private jumpsMs = 0;
  wasSetBack = false;
  private starts = 1;
  /** Resources whose slot has gone to another master. */
  private readonly elsewhere = new Map<string, SimulatedNode>();
  private startedAtMs: number;

  constructor(
    readonly name: string,
    readonly position: number,
    private readonly plan: NodePlan,
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly tokens: TokenBook,
  ) {
    this.store = this.newStore();
    this.startedAtMs = this.clockMs - LONG_AGO_MS;
  }

  /** All of it: a server is no cluster. */
  master(): this {
    return this;
  }

  /** As it says in `INFO`: the time since its start has whole seconds, and is by its own clock. */
  get facts(): ServerFacts {
    const seconds = Math.floor(this.clockMs / 1_000) - Math.floor(this.startedAtMs / 1_000);
    return { runId: `${this.name}/${this.starts}`, uptimeMs: Math.max(0, (seconds - 1) * 1_000) };
  }

  get timeMicros(): number {
    return this.clockMs * 1_000;
  }

  /** A message has arrived. Messages of one connection stay in order; those of several may not. */
  receive(connection: object, run: () => void): void {
    if (this.state === 'up') run();
    else if (this.state === 'paused') this.waiting.push({ connection, run });
  }

  pause(): void {
    if (this.state === 'up') this.state = 'paused';
  }

  goOn(): void {
    if (this.state !== 'paused') return;
    this.state = 'up';
    const waiting = this.waiting.splice(0);
    const connections = this.random.shuffle([...new Set(waiting.map(({ connection }) => connection))]);
    for (const connection of connections) {
      for (const one of waiting) if (one.connection === connection) one.run();
    }
  }

  fill(): void {
    this.filled += 1;
  }

  empty(): void {
    this.filled -= 1;
  }

  crash(keepsData: boolean): void {
    this.state = 'down';
    this.waiting = [];
    if (!keepsData) this.store = this.newStore();
    this.onCrash();
  }

  restart(): void {
    if (this.state !== 'down') return;
    this.state = 'up';
    this.starts += 1;
    this.startedAtMs = this.clockMs;
  }

  jump(byMs: number): void {
    this.jumpsMs += byMs;
    this.wasSetBack ||= byMs < 0;
  }

  /** @param to undefined: the slot is here (again) */
  sendOn(resource: string, to: SimulatedNode | undefined): void {
    if (to === undefined) this.elsewhere.delete(resource);
    else this.elsewhere.set(resource, to);
  }

  /** The master of its cluster at which a resource is now: requests for it are sent on to there. */
  placeOf(resource: string): SimulatedNode {
    return this.elsewhere.get(resource)?.placeOf(resource) ?? this;
  }

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    if (
      this.isSentOn(request, (node) => {
        node.acquire(request, vote);
      })
    )
      return;
    if (this.filled > 0) {
      vote(FULL);
      return;
    }
    this.store.acquire(request, (answer) => {
      if (answer.kind === 'granted') {
        this.tokens.put(request.ownerToken, this.position);
        if (answer.replaced === true && request.replaces !== undefined)
          this.tokens.removed(request.replaces, this.position);
      }
      vote(answer);
    });
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    if (
      this.isSentOn(request, (node) => {
        node.extend(request, vote);
      })
    )
      return;
    this.store.extend(request, (answer) => {
      if (answer.kind === 'granted')
        this.tokens.confirmed(request.ownerToken, this.position, this.timeline.nowMs);
      if (request.replaces !== undefined && answer.kind === 'granted') {
        this.tokens.put(request.ownerToken, this.position);
        this.tokens.removed(request.replaces, this.position);
      }
      vote(answer);
    });
  }

  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void {
    if (
      this.isSentOn(request, (node) => {
        node.raiseFence(request, vote);
      })
    )
      return;
    this.store.raiseFence(request, vote);
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    if (
      this.isSentOn(request, (node) => {
        node.release(request, vote);
      })
    )
      return;
    this.store.release(request, (answer) => {
      if (answer.kind === 'granted') this.tokens.removed(request.ownerToken, this.position, request.slots);
      vote(answer);
    });
  }

  leave(request: LeaveRequest, vote: (vote: LeaveVote) => void): void {
    if (
      this.isSentOn(request, (node) => {
        node.leave(request, vote);
      })
    )
      return;
    this.store.leave(request, vote);
  }

  inspect(resource: string): Promise<NodeHold | null> {
    return this.placeOf(resource).store.inspect(resource);
  }

  onReleased(resource: string, wake: (released?: string) => void, inLineAs?: string): ReleaseSubscription {
    return this.placeOf(resource).store.onReleased(resource, wake, inLineAs);
  }

  /** What is there, for those who look from outside of the world. */
  ownerOf(resource: string): string | undefined {
    const entry = entriesOf(this.store).get(resource);
    if (entry !== undefined && entry.expiresAtMs > this.clockMs) return entry.ownerToken;
    return this.members.of(resource, this.clockMs)[0]?.ownerToken;
  }

  /** All who have it. */
  ownersOf(resource: string): readonly string[] {
    const owner = this.ownerOf(resource);
    const members = this.members.of(resource, this.clockMs);
    return members.length > 0 || owner === undefined ? members.map(({ ownerToken }) => ownerToken) : [owner];
  }

  /** As `DEL` in a shell does. */
  remove(resource: string): void {
    entriesOf(this.store).delete(resource);
    for (const member of this.members.of(resource, this.clockMs)) this.members.remove(resource, member);
  }

  /** The readers and permit holders. */
  get members(): MemoryMembers {
    return (this.store as unknown as { state: { members: MemoryMembers } }).state.members;
  }

  /** What a script sees that looks before another one writes. */
  get nowMs(): number {
    return this.clockMs;
  }

  /** Writes another owner to what is there, as a node would that does not compare. */
  takeOver(resource: string, ownerToken: string): void {
    const entries = entriesOf(this.store);
    const entry = entries.get(resource);
    if (entry !== undefined) entries.set(resource, { ...entry, ownerToken });
  }

  /** Writes a counter, whoever has the key. */
  raiseCounters({ resources, fence, keepMs }: RaiseFenceRequest): void {
    const { state } = this.store as unknown as { state: { counters: MemoryCounters } };
    state.counters.raise(resources, fence, keepMs);
  }

  /** The client asks the other master when it hears of it, on another connection. */
  private isSentOn(
    { resources: [resource = ''] }: { readonly resources: readonly string[] },
    ask: (node: SimulatedNode) => void,
  ): boolean {
    const to = this.elsewhere.get(resource);
    if (to === undefined) return false;
    this.onSentOn();
    this.timeline.after(this.random.pick([0.3, 2, 15]) * this.random.between(0.5, 1.5), () => {
      to.receive({}, () => {
        ask(to);
      });
    });
    return true;
  }

  private newStore(): MemoryLockNode {
    const clock = { now: () => this.clockMs, wallNow: () => this.clockMs };
    return new MemoryLockNode({ name: this.name, clock });
  }

  /** Whole milliseconds, as Redis counts them. */
  private get clockMs(): number {
    const { drift, offMs = 0 } = this.plan;
    return Math.floor(SINCE_1970_MS + offMs + this.timeline.nowMs * (1 + drift) + this.jumpsMs);
  }
}

function entriesOf(store: MemoryLockNode): Map<string, { ownerToken: string; expiresAtMs: number }> {
  return (store as unknown as { state: { owners: { owners: ReturnType<typeof entriesOf> } } }).state.owners
    .owners;
}
