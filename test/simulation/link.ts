import { ListenerMap } from '../../lib/collections/listener-map';
import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  LeaveRequest,
  LeaveVote,
  FailedVote,
  LockNode,
  NodeHold,
  NodeStatus,
  NodeStatusChange,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseRequest,
  ReleaseSubscription,
  ReleaseVote,
  ServerFacts,
} from '../../lib/ports/lock-node.interface';
import { driftMs } from '../../lib/core/validity';
import { type Instant, readInstant } from '../../lib/ports/times';
import { ClockWatch } from '../../lib/redis/server/clock-watch';
import { PROBE } from '../../lib/core/silent-nodes';
import { ReleaseBacklog } from '../../lib/redis/request/release-backlog';
import { Connection } from './connection';
import { isJumpy, LONGEST_TTL_MS, type Plan } from './plan';
import type { SimulatedClient } from './simulated-client';
import type { SimulatedNode } from './simulated-node';
import type { World } from './world';

/** What the node tells us of, or will when it has heard that we want to know. */
interface Heard {
  stop: () => void;
  isHeard: boolean;
}

/** What a server says when somebody connects, as `INFO` does. */
interface Introduction {
  readonly kind: 'told';
  readonly facts: ServerFacts;
  readonly timeMicros: number;
}

/** How often a node is asked for its time; as much shorter than in production as the ttls are. */
const LOOK_EVERY_MS = 250;

/** After a break, before the next try to connect. */
const RECONNECT_MS = 15;

/**
 * The way from one client to one node, as the client sees it: a lock node. Like the one for Redis, it sends now or
 * fails now, sends nothing twice but releases, and those first of all on a new connection.
 */
export class Link implements LockNode {
  readonly sharing = true;
  status: NodeStatus = 'connecting';
  /** No new connection before that. */
  cutUntilMs = 0;
  slowerByMs = 0;
  isOverloaded = false;

  private commands: Connection;
  private channel: Connection;
  private readonly backlog: ReleaseBacklog;
  private readonly watch: ClockWatch;
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();
  private readonly releaseListeners = new ListenerMap<string | undefined>();
  private readonly heard = new Map<string, Heard>();

  constructor(
    readonly name: string,
    private readonly world: World,
    private readonly client: SimulatedClient,
    readonly node: SimulatedNode,
    readonly delayMs: () => number,
  ) {
    this.backlog = new ReleaseBacklog(client.clock, {
      isUp: () => this.status === 'up' && !client.isDead,
      send: (request, vote) => {
        this.release(request, vote);
      },
    });
    this.watch = new ClockWatch(client.steadyClock, clockBudgetMs(world.plan));
    this.commands = this.newConnection();
    this.channel = this.newConnection();
    if (isJumpy(world.plan) || world.plan.kind === 'skewed') this.lookAtClock();
  }

  /** All of it: a server is no cluster. */
  part(): this {
    return this;
  }

  /** To a server that is there, at the beginning of the world. */
  beConnected(): void {
    this.goUp(this.introduction, readInstant(this.client.steadyClock));
  }

  /** In a process that starts later. */
  connect(): void {
    for (const connection of [this.commands, this.channel]) connection.break(null);
    this.connectAfter(0);
  }

  get subscriptions(): number {
    return this.releaseListeners.keys().length;
  }

  get listeners(): number {
    return this.statusListeners.size;
  }

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    const { position } = this.node;
    const page = this.world.tokens.page(request.ownerToken);
    page.askedAtMs ??= this.world.timeline.nowMs;
    const startedAtMs = this.world.timeline.nowMs;
    const seen = (answer: AcquireVote) => {
      if (request.askHolderTtl && this.world.timeline.nowMs - startedAtMs > 5)
        this.world.count('silent leader');
      if (answer.kind === 'denied') page.denied.add(position);
      if (answer.kind === 'granted') {
        page.granted.add(position);
        if (page.releaseAsked.has(position)) {
          this.world.count('late grant');
          if (!this.isOverloaded && this.status === 'up') page.grantedLate.add(position);
        }
        if (answer.replaced === true) this.world.count('hand-over');
      }
      vote(answer);
    };
    this.send<AcquireVote>(
      () =>
        `acquire ${request.ownerToken} ${request.ttlMs} ms${request.replaces === undefined ? '' : ` for ${request.replaces}`}`,
      seen,
      (answer) => {
        this.world.rules.nodeAcquire(this.node, request, answer);
      },
      tellsTime(request, this.world.plan),
    );
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    const page = this.world.tokens.page(request.ownerToken);
    page.longestTtlMs = Math.max(page.longestTtlMs, request.ttlMs);
    page.extendAskedAtMs = this.world.timeline.nowMs;
    this.world.judge.extends(request);
    if (request.replaces !== undefined)
      this.world.tokens.page(request.ownerToken).inherits = request.replaces;
    this.send<ExtendVote>(
      () =>
        `extend ${request.ownerToken} ${request.ttlMs} ms${request.replaces === undefined ? '' : ` for ${request.replaces}`}`,
      (answer) => {
        if (answer.kind === 'denied' && answer.healed) this.world.count('heal');
        if (answer.kind === 'granted' && request.replaces !== undefined) this.world.count('hand-over');
        vote(this.world.rules.extendVote(answer));
      },
      (answer) => {
        this.world.rules.nodeExtend(this.node, request, answer);
      },
    );
  }

  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void {
    this.send<RaiseFenceVote>(
      () => `raise fence ${request.ownerToken} ${request.fence}`,
      (answer) => {
        this.world.count('token written back');
        vote(answer);
      },
      (answer) => {
        const { resources, ownerToken } = request;
        const isThere = resources.every(
          (resource) => this.node.placeOf(resource).ownerOf(resource) === ownerToken,
        );
        this.world.rules.nodeRaiseFence(this.node, request, (raised) => {
          if (!isThere && raised.kind === 'granted')
            this.world.tokens.page(ownerToken).numberedInVain.add(this.node.position);
          answer(raised);
        });
      },
    );
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    const { position } = this.node;
    const page = this.world.tokens.page(request.ownerToken);
    page.releaseAsked.add(position);
    if (request.keepMs !== undefined) page.isKept = true;
    const seen = (answer: ReleaseVote) => {
      if (answer.kind === 'failed') {
        page.releaseRefused.add(position);
        if (this.status !== 'closed') this.backlog.add(request);
      }
      vote(answer);
    };
    this.send<ReleaseVote>(
      () => `release ${request.ownerToken}${request.keepMs === undefined ? '' : ` in ${request.keepMs} ms`}`,
      seen,
      (answer) => {
        this.world.rules.nodeRelease(this.node, request, answer);
      },
    );
  }

  leave(request: LeaveRequest, vote: (vote: LeaveVote) => void): void {
    this.send<LeaveVote>(
      () => `leave ${request.line.id}`,
      vote,
      (answer) => {
        this.node.leave(request, answer);
      },
    );
  }

  inspect(resource: string): Promise<NodeHold | null> {
    if (resource === PROBE) this.world.count('silent node');
    return new Promise((resolve, reject) => {
      this.send<{ kind: 'granted'; lease: Promise<NodeHold | null> }>(
        () => `inspect ${resource}`,
        (answer) => {
          if (answer.kind === 'failed') reject(answer.error);
          else resolve(answer.lease);
        },
        (answer) => {
          answer({ kind: 'granted', lease: this.node.inspect(resource) });
        },
      );
    });
  }

  onReleased(resource: string, wake: (released?: string) => void, inLineAs?: string): ReleaseSubscription {
    const listener = {
      hear: (released: string | undefined) => {
        wake(released);
      },
    };
    const name = channelOf(resource, inLineAs);
    this.releaseListeners.add(name, listener);
    if (!this.heard.has(name)) this.subscribe(name);
    const isHeard = () => this.heard.get(name)?.isHeard ?? false;
    return {
      ...(inLineAs === undefined ? {} : { callsInTurn: true }),
      get isHeard() {
        return isHeard();
      },
      stop: () => {
        this.releaseListeners.remove(name, listener);
        if (!this.releaseListeners.has(name)) this.unsubscribe(name);
      },
    };
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  close(): Promise<void> {
    this.status = 'closed';
    this.backlog.clear();
    this.break(null);
    return Promise.resolve();
  }

  /** Requests, or replies, vanish from now on. */
  silence(which: 'requests' | 'replies'): void {
    this.commands.silence(which);
    this.channel.silence(which);
  }

  /** @param lateMs when what was written before still arrives; null: never */
  break(lateMs: number | null): void {
    const { commands, channel } = this;
    if (commands.isBroken) return;
    this.world.note(() => `${this.client.name} ✂ ${this.name}`);
    for (const connection of [commands, channel]) connection.break(lateMs);
    for (const { stop } of this.heard.values()) stop();
    this.client.run(() => {
      this.goDown(commands);
    });
  }

  private goDown(commands: Connection): void {
    this.heard.clear();
    if (this.status === 'up') this.changeStatus({ status: 'down', error: DISCONNECTED.error });
    commands.failAll(DISCONNECTED);
    this.reconnectLater();
  }

  private reconnectLater(): void {
    this.connectAfter(RECONNECT_MS);
  }

  private connectAfter(ms: number): void {
    if (this.status === 'closed') return;
    this.world.timeline.after(ms + this.delayMs(), () => {
      this.client.run(() => {
        if (this.status === 'up' || this.status === 'closed') return;
        if (this.node.state !== 'down' && this.world.timeline.nowMs >= this.cutUntilMs) this.introduce();
        else {
          if (this.status === 'connecting') this.changeStatus({ status: 'down', error: DISCONNECTED.error });
          this.reconnectLater();
        }
      });
    });
  }

  /** Connected, but nothing is asked of a server before it has said who it is. */
  private introduce(): void {
    this.commands = this.newConnection();
    this.channel = this.newConnection();
    const { commands } = this;
    const sentAt = readInstant(this.client.steadyClock);
    commands.request<Introduction>(
      (reply) => {
        reply(this.introduction);
      },
      (answer) => {
        if (answer.kind === 'told' && this.commands === commands && this.status !== 'closed')
          this.goUp(answer, sentAt);
      },
    );
  }

  private goUp({ facts, timeMicros }: Introduction, sentAt: Instant): void {
    this.world.note(() => `${this.client.name} ― ${this.name} connected to ${facts.runId}`);
    const clockAheadMs = this.watch.saw(timeMicros, sentAt);
    this.status = 'up';
    this.backlog.sendAll();
    for (const name of this.releaseListeners.keys()) this.subscribe(name);
    this.changeStatus({ status: 'up', servers: [facts] });
    this.tellOfClock(clockAheadMs);
  }

  private get introduction(): Introduction {
    return { kind: 'told', facts: this.node.facts, timeMicros: this.node.timeMicros };
  }

  private tellOfClock(clockAheadMs: number | undefined): void {
    if (clockAheadMs === undefined) return;
    this.world.note(() => `${this.client.name} sees ${this.name} ahead by ${clockAheadMs.toFixed(1)} ms`);
    this.changeStatus({ status: 'up', clockAheadMs });
  }

  /** While things go wrong, and a little longer. */
  private lookAtClock(): void {
    const { timeline, plan } = this.world;
    if (timeline.nowMs > plan.healAtMs + 2 * LOOK_EVERY_MS || this.client.isDead) return;
    timeline.after(LOOK_EVERY_MS, () => {
      this.client.run(() => {
        if (this.status === 'up') this.askTime();
      });
      this.lookAtClock();
    });
  }

  private askTime(): void {
    const sentAt = readInstant(this.client.steadyClock);
    this.commands.request<Introduction>(
      (reply) => {
        reply(this.introduction);
      },
      (answer) => {
        if (answer.kind === 'told' && this.status === 'up')
          this.tellOfClock(this.watch.saw(answer.timeMicros, sentAt));
      },
    );
  }

  private changeStatus(change: NodeStatusChange): void {
    this.status = change.status;
    for (const listener of [...this.statusListeners]) listener(change);
  }

  private send<V extends { kind: string }>(
    what: () => string,
    vote: (vote: V | FailedVote) => void,
    apply: (answer: (vote: V) => void) => void,
    withTime = false,
  ): void {
    if (this.status !== 'up' || this.isOverloaded) {
      vote(this.isOverloaded ? OVERLOADED : DISCONNECTED);
      return;
    }
    this.client.pauseInTurn();
    this.world.note(() => `${this.client.name} → ${this.name} ${what()}`);
    let timeMicros: number | undefined;
    this.commands.request(
      (reply) => {
        this.world.note(() => `${this.name} does ${what()} of ${this.client.name}`);
        if (withTime) timeMicros = this.node.timeMicros;
        apply(reply);
      },
      (answer: V | FailedVote) => {
        // Before the vote, as the Redis node does.
        if (timeMicros !== undefined && answer.kind !== 'failed')
          this.tellOfClock(this.watch.saw(timeMicros));
        this.world.note(() => `${this.client.name} ← ${this.name} ${describe(answer)} to ${what()}`);
        vote(answer);
      },
    );
  }

  private subscribe(name: string): void {
    if (this.status !== 'up') return;
    const { channel } = this;
    const entry: Heard = { stop: () => undefined, isHeard: false };
    this.heard.set(name, entry);
    channel.request<true>(
      (reply) => {
        const hear = (released?: string) => {
          channel.push(() => {
            if (this.heard.get(name) === entry) this.releaseListeners.call(name, released);
          });
        };
        const subscription = this.node.onReleased(...heardAt(name, hear));
        entry.stop = () => {
          subscription.stop();
        };
        if (channel.isBroken || this.client.isDead) entry.stop();
        reply(true);
      },
      () => {
        if (this.heard.get(name) !== entry) return;
        entry.isHeard = true;
        // It may have been released before we could hear it.
        this.releaseListeners.call(name, undefined);
      },
    );
  }

  private unsubscribe(name: string): void {
    const entry = this.heard.get(name);
    this.heard.delete(name);
    if (entry === undefined) return;
    this.channel.request(
      () => {
        entry.stop();
      },
      () => undefined,
    );
  }

  private newConnection(): Connection {
    return new Connection(
      this.world.timeline,
      this.client,
      this.node,
      () => this.delayMs() + this.slowerByMs,
    );
  }
}

/** Where a waiter hears: of a resource, or of its turn in the line of one. */
function channelOf(resource: string, inLineAs: string | undefined): string {
  return inLineAs === undefined ? resource : `${inLineAs}\n${resource}`;
}

function heardAt(
  name: string,
  hear: (released?: string) => void,
): [resource: string, hear: (released?: string) => void, inLineAs: string | undefined] {
  const [resource = name, inLineAs] = name.split('\n').reverse();
  return [resource, hear, inLineAs];
}

/** A script tells the time with its answer, a plain SET does not. */
function tellsTime({ fence, askHolderTtl, resources, replaces }: AcquireRequest, { kind }: Plan): boolean {
  if (kind === 'unseen') return false;
  return fence !== undefined || askHolderTtl || resources.length > 1 || replaces !== undefined;
}

/** As much as the longest ttl has room for; more where clocks drift by almost all that is allowed. */
function clockBudgetMs(plan: Plan): number {
  return driftMs(LONGEST_TTL_MS) * (isJumpy(plan) || plan.kind === 'skewed' ? 1 : 12);
}

const DISCONNECTED: FailedVote = { kind: 'failed', error: new Error('not connected') };
const OVERLOADED: FailedVote = { kind: 'failed', error: new Error('too many requests wait for an answer') };

function describe(vote: { kind: string; healed?: boolean; replaced?: boolean }): string {
  return `${vote.kind}${vote.healed === true ? ' (put back)' : ''}${vote.replaced === true ? ' (replaced)' : ''}`;
}
