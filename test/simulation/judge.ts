import { quorumOf } from '../../lib/core/quorum';
import { modeAt } from '../../lib/ports/lock-kind';
import type { ExtendRequest } from '../../lib/ports/lock-node.interface';
import type { HeldLock } from '../../lib/locking/holding/held-lock';
import type { Lock, ReleaseOutcome } from '../../lib/locking/api/lock.interface';
import type { LockEvent } from '../../lib/locking/api/lock-event.interface';
import { FenceBook } from './fence-book';
import { OrderBook } from './order-book';
import type { Invariant, Violation } from './outcome';
import { type Call, NODE_TIMEOUT_MS, type PlanKind, QUIET_AFTER_MS } from './plan';
import type { SimulatedClient } from './simulated-client';
import type { TokenPage } from './token-book';
import type { World } from './world';

/** One caller who asked for a lock, from then until it has given it back. */
export interface Request {
  readonly client: SimulatedClient;
  readonly call: Call;
  readonly name: string;
  /** In which order callers came. */
  readonly askedAt: number;
  state: 'waiting' | 'resuming' | 'holding' | 'releasing' | 'over';
}

/** A lock that was given to a caller. */
interface Handle {
  readonly request: Request;
  readonly lock: Lock;
  readonly signal: AbortSignal;
  wasHeld: boolean;
  /** It was over by a clock that was ahead of the world, in a turn in which its client paused. */
  wasOverAhead?: boolean;
  /** On the monotonic clock of its client, as told by the lock itself while it was held. */
  endsAtMs: number;
  /** An operator took it away; since when, in true time. */
  forcedAtMs: number | undefined;
  /** It may have been taken away while it was given. */
  isExcused: boolean;
  /** How many callers had the very lease by then. */
  readonly turn: number;
  /** When its release was asked for, in true time. */
  releasedAtMs: number | undefined;
}

/** A lease that several callers of a client may have, one after another. */
interface Turns {
  count: number;
  /** On the monotonic clock of the client, without the time in which it did not run. */
  readonly sinceMs: number;
}

/** How long a free resource may stay without a holder although somebody waits, when nothing goes wrong. */
const LONGEST_GAP_MS = 250;

/** So many of other processes may be served, while a process that is in line has no turn. */
const MOST_PASSED = 18;

/** So long it takes at most until a waiter asks again that was told of nothing. */
const ASKED_AGAIN_AFTER_MS = 10_250;

/** The time for which readers may join what others of their process have. */
const OPEN_FOR_MS = 105;

/** The longest gap where nobody is far away: a place in line that nobody keeps alive is in the way for longer. */
const LONGEST_GAP_IN_LINE_MS = 40;

/** The time until the next look at the wall clock. A move of it need not be noticed before. */
const WALL_LOOK_MS = 1_250;

/** The time for which a client hands a lease from one caller to the next. */
const TURNS_FOR_MS = 100;
/** And somewhat more, since a turn is given in one step of the client and begins in another. */
const TURNS_SLACK_MS = 3;

const NOTHING_IS_LOST: readonly PlanKind[] = ['calm', 'slow', 'left', 'twice'];

/** Watches callers, clocks and nodes, and knows nothing of how the library works. */
export class Judge {
  violation: Violation | undefined;
  longestGapMs = 0;

  private handles: Handle[] = [];
  private requests: Request[] = [];
  private readonly freeSinceMs = new Map<string, number>();
  private readonly keptUntilMs = new Map<string, number>();
  private readonly forcedAtMs = new Map<string, number>();
  /** Owner tokens that were taken away by themselves. */
  private readonly forcedTokens = new Set<string>();
  private asked = 0;
  private readonly turns = new Map<string, Turns>();
  private pending = new Map<string, SimulatedClient>();
  private readonly fences: FenceBook;
  readonly order = new OrderBook();

  constructor(private readonly world: World) {
    this.fences = new FenceBook(world.plan.kind);
  }

  accuse(invariant: Invariant, what: string): void {
    if (this.violation !== undefined) return;
    this.violation = { invariant, atMs: this.world.timeline.nowMs, what };
    this.world.note(() => `‼ ${invariant}: ${what}`);
  }

  asks(client: SimulatedClient, call: Call, name: string): Request {
    const request: Request = { client, call, name, askedAt: ++this.asked, state: 'waiting' };
    this.requests.push(request);
    this.order.asks(request, this.world.timeline.nowMs);
    this.world.note(() => `${name} asks for ${call.resources.join('+')}`);
    return request;
  }

  /** @param isResumed it was held before, by somebody else */
  gave(request: Request, lock: Lock, isResumed = false): void {
    const { client, name } = request;
    this.world.note(() => `${name} has ${lock.ownerToken} for ${lock.remainingMs.toFixed(1)} ms`);
    const page = this.world.tokens.page(lock.ownerToken);
    const isFirst = !page.wasHeld;
    page.wasHeld = true;
    page.heldSinceMs ??= this.world.timeline.nowMs;
    page.held = lock.slots;
    const { inherits } = page;
    this.lookForKept(
      request,
      this.order.gave(request, isFirst || lock.mode === 'exclusive', this.world.timeline.nowMs),
    );
    if (!isFirst && lock.mode === 'shared') this.lookForOldGroup(request, page.heldSinceMs);
    request.state = 'holding';
    if (inherits !== undefined && lock.slots.length > 0) this.world.count('permit handed on');
    if (request.call.fair === true) this.world.count('fair lock');
    // A pause in the same turn may come after the library looked for the last time.
    if (!lock.isHeld && client.clock.aheadMs === 0)
      this.accuse('held when given', `${name} gets ${lock.ownerToken}, which is over`);
    const forcedAtMs = Math.max(...lock.resources.map((one) => this.forcedAtMs.get(one) ?? -Infinity));
    // Nodes may have granted it before that.
    const wasUnderWay = forcedAtMs >= (page.askedAtMs ?? this.world.timeline.nowMs - 3 * NODE_TIMEOUT_MS);
    const signal = lock.signal;
    this.handles.push({
      request,
      lock,
      signal,
      wasHeld: lock.isHeld,
      endsAtMs: client.clock.now() + lock.remainingMs,
      // It begins on what is left of the other, which may be gone already.
      forcedAtMs: this.handles.find(
        (one) => one.lock.ownerToken === inherits || one.lock.ownerToken === lock.ownerToken,
      )?.forcedAtMs,
      isExcused: wasUnderWay || this.isForced(lock.ownerToken),
      turn: this.lookAtTurn(request, lock, isResumed),
      releasedAtMs: undefined,
    });
    if (isFirst && lock.mode === 'limited') this.lookForSmallerLimit(request, lock);
    if (request.call.fencing === true && lock.isHeld) this.lookAtFence(lock, isResumed);
    this.lookForMajority(lock.resources, lock.ownerToken);
    this.look();
  }

  commits(request: Request, { isHeld, signal, ownerToken }: Lock): void {
    this.world.note(() => `${request.name} commits`);
    if (isHeld) this.world.count('kept to the commit');
    else if (!signal.aborted)
      this.accuse('kept to the commit', `${request.name} gave ${ownerToken} back before its commit`);
  }

  releases(request: Request): void {
    this.world.note(() => `${request.name} releases`);
    request.state = 'releasing';
    this.order.releases(request, this.world.timeline.nowMs);
    const released = this.handles.find((one) => one.request === request);
    if (released !== undefined) released.releasedAtMs = this.world.timeline.nowMs;
    const { holdAtLeast } = request.call;
    if (holdAtLeast === undefined) return;
    const untilMs = this.world.timeline.nowMs + holdAtLeast * 1.01 + NODE_TIMEOUT_MS;
    for (const resource of request.call.resources) {
      // Somebody whose lock is long lost may release only now: that does not end what another one keeps.
      this.keptUntilMs.set(resource, Math.max(untilMs, this.keptUntilMs.get(resource) ?? 0));
    }
  }

  /** Its lock is nobody's until somebody resumes it, or `ttlMs` is over. */
  left(request: Request, ttlMs: number): void {
    const { call, name } = request;
    request.state = 'over';
    this.world.note(() => `${name} leaves its lock`);
    const handle = this.handles.find((one) => one.request === request);
    if (handle !== undefined) this.world.tokens.page(handle.lock.ownerToken).isLeft = true;
    // A shorter extension does not shorten what a longer one has asked for.
    const longestMs = Math.max(ttlMs, call.ttl, ...(call.extensions ?? []).map(({ ttl }) => ttl));
    const untilMs = this.world.timeline.nowMs + longestMs * 1.02 + 2 * NODE_TIMEOUT_MS;
    for (const resource of call.resources)
      this.keptUntilMs.set(resource, Math.max(untilMs, this.keptUntilMs.get(resource) ?? 0));
  }

  /** @param outcome undefined: nobody was told */
  released(request: Request, outcome: ReleaseOutcome | undefined): void {
    request.state = 'over';
    this.order.released(request, this.world.timeline.nowMs);
    const handle = this.handles.find((one) => one.request === request);
    // Of the readers that share a lease only the last one removes it.
    if (outcome === undefined || handle === undefined || handle.lock.mode === 'shared') return;
    this.world.note(() => `${request.name}: ${outcome}`);
    const page = this.world.tokens.page(handle.lock.ownerToken);
    if (page.isKept) this.world.count('kept after release');
    if (outcome === 'released') page.isLeft = false;
    const isLast = handle.turn === this.turns.get(handle.lock.ownerToken)?.count;
    const wasRemoved = page.removed.size >= quorumOf(this.world.nodes.length);
    if (outcome === 'released' && isLast && !wasRemoved)
      this.accuse('true release', `${request.name}: released, but ${page.removed.size} nodes removed it`);
    if (outcome === 'released' && !isLast) this.lookForConfirmation(handle, page);
    // What was lost had ended by itself, whatever its clean-up still found.
    const wasLost = handle.lock.signal.aborted;
    if (wasLost && outcome !== 'expired')
      this.accuse('true release', `${request.name}: ${outcome}, but it was lost before`);
    // A cluster may have removed some of it, and not all.
    const isParted = this.world.plan.kind === 'clustered' && handle.lock.resources.length > 1;
    const wasForced = handle.forcedAtMs !== undefined || handle.isExcused || isParted;
    if (isLast && !wasLost && outcome === 'expired' && wasRemoved && !wasForced)
      this.accuse('true release', `${request.name}: expired, but ${page.removed.size} nodes removed it`);
  }

  /** A client asks a node to keep a lease. */
  extends({ ownerToken, ttlMs, putsBack, onlyLooks }: ExtendRequest): void {
    // Who has left a lease asks if it is gone. That writes nothing.
    if (onlyLooks === true && putsBack === false && ttlMs === 1) return;
    const holder = this.handles.findLast(({ lock }) => lock.ownerToken === ownerToken);
    // What readers share lasts as the longest of them wants it.
    if (holder === undefined || holder.lock.mode === 'shared' || holder.lock.mode === 'mixed') return;
    const { ttl, holdAtLeast, extensions = [] } = holder.request.call;
    // Its release puts what it keeps on all nodes first.
    if (holdAtLeast !== undefined && holder.request.state === 'releasing') return;
    // Half of it asks whether it is there.
    const isAskedFor = (one: number) => ttlMs === one || ttlMs === Math.floor(one / 2);
    if (![ttl, ...extensions.map((one) => one.ttl)].some(isAskedFor))
      this.accuse(
        'no return',
        `somebody extends ${ownerToken} by ${ttlMs} ms, which ${holder.request.name} has`,
      );
  }

  refused(request: Request, error: unknown): void {
    request.state = 'over';
    this.world.note(() => `${request.name}: ${error instanceof Error ? error.message : String(error)}`);
  }

  hear(client: SimulatedClient, event: LockEvent): void {
    const { world } = this;
    if (event.type === 'acquired' && event.joined === true) world.count('joined reader');
    if (event.type === 'extended') {
      world.count('extended');
      this.lookForMajority(event.resources, event.ownerToken);
    }
    if (event.type === 'node-guarded') {
      world.count(`guarded: ${event.reason}`);
      world.note(() => `${client.name} guards ${event.node}: ${event.reason}`);
    }
    if (event.type === 'node-refusing') world.count('refusing node');
    if (event.type === 'node-trusted') world.note(() => `${client.name} trusts ${event.node}`);
    if (event.type !== 'lost') return;
    world.note(() => `${client.name} lost ${event.ownerToken}: ${event.error.reason}`);
    if (event.error.reason === 'gone') {
      world.count('gone lock');
      this.lookForBystander(event.resources, event.ownerToken);
    }
    if (event.error.reason === 'max-hold') world.count('max hold');
    world.count('lost lock');
  }

  /** @param isOver of those who came while it went on, nobody knows whether theirs was deleted */
  forcedOpen(resource: string, isOver = false): void {
    const { nowMs } = this.world.timeline;
    this.forcedAtMs.set(resource, nowMs);
    for (const handle of this.handles) {
      if (!handle.lock.resources.includes(resource)) continue;
      if (isOver || this.isPartlyExtended(handle.lock.ownerToken)) handle.isExcused = true;
      else handle.forcedAtMs ??= nowMs;
    }
  }

  /**
   * Some nodes have kept it, and others are still to be asked by the same extension. What is deleted in between may be
   * put back on all of them, one after another, and then its holder need not be told.
   */
  private isPartlyExtended(ownerToken: string): boolean {
    const { confirmedAtMs, extendAskedAtMs } = this.world.tokens.page(ownerToken);
    const kept = [...confirmedAtMs.values()].filter((atMs) => atMs >= extendAskedAtMs).length;
    return kept > 0 && kept < this.world.nodes.length;
  }

  /** What has this owner token is taken away, and nothing else. */
  forcedOut(ownerToken: string): void {
    this.forcedTokens.add(ownerToken);
    for (const handle of this.handles) {
      const token = handle.lock.ownerToken;
      if (token === ownerToken) handle.forcedAtMs ??= this.world.timeline.nowMs;
      else if (this.isForced(token)) handle.isExcused = true;
    }
  }

  /** Extensions that came between the removals on two nodes have put these back: they go on, and may not be told. */
  forcedInVain(ownerTokens: ReadonlySet<string>): void {
    for (const handle of this.handles) {
      if (handle.forcedAtMs === undefined || !ownerTokens.has(handle.lock.ownerToken)) continue;
      handle.forcedAtMs = undefined;
      handle.isExcused = true;
    }
  }

  /** `promise` settles within `withinMs` of the time in which `client` runs. */
  async expect<T>(promise: Promise<T>, client: SimulatedClient, withinMs: number, what: string): Promise<T> {
    const { timeline } = this.world;
    const startMs = timeline.nowMs;
    const blockedMs = client.blockedMs;
    const name = `${what} since ${startMs.toFixed(2)}`;
    this.pending.set(name, client);
    try {
      return await promise;
    } finally {
      this.pending.delete(name);
      const tookMs = timeline.nowMs - startMs - (client.blockedMs - blockedMs);
      if (tookMs > withinMs)
        this.accuse(
          'settles in time',
          `${what} took ${tookMs.toFixed(1)} ms; ${withinMs.toFixed(1)} are allowed`,
        );
    }
  }

  /** After everything that happens. */
  look(): void {
    if (this.handles.length > 0) {
      this.handles = this.handles.filter((handle) => this.lookAtHandle(handle));
      this.lookForTwoHolders();
      this.lookForLimits();
    }
    this.lookForGaps();
  }

  /** When all promises have gone on that could. */
  lookAfterTurn(): void {
    this.look();
    this.lookForOrder();
  }

  /** Nobody asks, holds or releases any more. */
  lookAtRest(): void {
    if (this.violation !== undefined) return;
    for (const [name, client] of this.pending) {
      if (!client.isDead) this.accuse('settles in time', `${name} never settles`);
    }
    const { kind } = this.world.plan;
    if (['calm', 'slow', 'left', 'full', 'forced', 'queued'].includes(kind)) this.lookForRests(true);
  }

  /** Much later, when every ttl has passed. */
  lookAtEnd(): void {
    if (this.violation !== undefined) return;
    this.lookAtRest();
    this.lookForRests(false);
    for (const client of this.world.clients) if (!client.isDead) this.lookIntoMemory(client);
  }

  /** After everything: what can only be said of whole attempts. */
  countAttempts(): void {
    for (const { granted, denied, wasHeld } of this.world.tokens.all()) {
      if (granted.size > 0 && denied.size > 0 && !wasHeld) this.world.count('split vote');
    }
  }

  private isForced(ownerToken: string): boolean {
    const { inherits } = this.world.tokens.page(ownerToken);
    return this.forcedTokens.has(ownerToken) || (inherits !== undefined && this.forcedTokens.has(inherits));
  }

  /** Where nothing goes wrong but that somebody is forced out, nobody else loses anything. */
  private lookForBystander(resources: readonly string[], ownerToken: string): void {
    if (this.world.plan.kind !== 'opened' || this.isForced(ownerToken)) return;
    if (resources.some((resource) => this.forcedAtMs.has(resource))) return;
    this.accuse('others keep theirs', `${ownerToken} is gone, and nobody has taken it away`);
  }

  /** What a caller in line gives back is kept for the others for a while. */
  private lookForKept({ name }: Request, robbed: Request | undefined): void {
    if (this.world.plan.kind === 'queued' && robbed !== undefined)
      this.accuse('bounded bypass', `${name}, who is in no line, has what was kept for ${robbed.name}`);
  }

  /** Else the readers of a process would never ask the nodes, which know who waits. */
  private lookForOldGroup({ name }: Request, sinceMs: number): void {
    const ageMs = this.world.timeline.nowMs - sinceMs;
    if (this.world.plan.kind === 'queued' && ageMs > OPEN_FOR_MS)
      this.accuse('bounded bypass', `${name} comes to readers who are there for ${ageMs.toFixed(0)} ms`);
  }

  /** Within a process it is first come, first served; and nobody in line is passed for ever. */
  private lookForOrder(): void {
    const { order, world } = this;
    const wrong = order.outOfTurn();
    if (wrong !== undefined)
      this.accuse(
        'in turn',
        `${wrong.served.name} is served before ${wrong.passed.name}, who came before it`,
      );
    if (world.plan.kind === 'queued' && order.mostPassed > MOST_PASSED)
      this.accuse('bounded bypass', `somebody in line was passed by ${order.mostPassed} of other processes`);
  }

  private lookAtHandle(handle: Handle): boolean {
    const { lock, request, signal } = handle;
    const { client } = request;
    if (client.isDead) return false;
    const now = client.clock.now();
    const leftMs = validityOf(lock);
    const isHeld = leftMs > 0;
    // No timer can come in that turn, as while it does not run.
    const isAhead = client.clock.aheadMs > 0;
    if (isHeld) {
      if (!handle.wasHeld && handle.wasOverAhead !== true && !client.isWallMoved)
        this.accuse('no return', `${request.name} holds ${lock.ownerToken} again, after it was lost`);
      handle.endsAtMs = now + leftMs;
      this.lookForForced(handle);
    } else if (request.state === 'holding' && !signal.aborted && client.isRunning && !isAhead) {
      const sinceMs = Math.max(handle.endsAtMs, client.wallMovedAtMs, client.resumedAtMs);
      const toleranceMs = 2 + (client.isWallMoved ? WALL_LOOK_MS : 0);
      if (now - sinceMs > toleranceMs)
        this.accuse(
          'signal in time',
          `${request.name} lost ${lock.ownerToken} ${(now - sinceMs).toFixed(1)} ms ago, and nobody told it`,
        );
    }
    handle.wasOverAhead = !isHeld && (isAhead || handle.wasOverAhead === true);
    handle.wasHeld = isHeld;
    return isHeld || (request.state === 'holding' && !signal.aborted) || request.state === 'releasing';
  }

  /** Whether it was given to another caller as it should be. */
  private lookAtTurn({ client, call, name }: Request, lock: Lock, isResumed: boolean): number {
    const { ownerToken } = lock;
    const known = isResumed ? undefined : this.turns.get(ownerToken);
    const nowMs = client.clock.now() - client.blockedMs - client.clock.aheadMs;
    if (known === undefined || lock.mode !== 'exclusive') {
      this.turns.set(ownerToken, { count: 1, sinceMs: nowMs });
      return 1;
    }
    known.count += 1;
    this.world.count('changed hands');
    if (known.count > 10) this.world.count('changed hands many times');
    if (nowMs - known.sinceMs > TURNS_FOR_MS + TURNS_SLACK_MS)
      this.accuse(
        'lets others in',
        `${name} gets ${ownerToken} after ${(nowMs - known.sinceMs).toFixed(0)} ms`,
      );
    if (
      client.clock.aheadMs === 0 &&
      lock.remainingMs < Math.min(call.ttl / 2, call.maxHold ?? Infinity) &&
      !lock.signal.aborted
    )
      this.accuse('held when given', `${name} gets ${ownerToken} for ${lock.remainingMs.toFixed(1)} ms only`);
    return known.count;
  }

  /** That it was still there when its holder was done with it, and somebody else of the client began. */
  private lookForConfirmation({ request, releasedAtMs = Infinity }: Handle, page: TokenPage): void {
    const having = this.world.nodes.filter(
      ({ position }) => page.removed.has(position) || (page.confirmedAtMs.get(position) ?? 0) >= releasedAtMs,
    );
    if (having.length < quorumOf(this.world.nodes.length))
      this.accuse(
        'true release',
        `${request.name}: released, but ${having.length} nodes said that it was there`,
      );
  }

  private lookAtFence(lock: Lock, isResumed: boolean): void {
    const { timeline, tokens, nodes } = this.world;
    this.world.count('fencing token');
    const inVain = lock.mode === 'exclusive' ? tokens.page(lock.ownerToken).numberedInVain.size : 0;
    if (nodes.length - inVain < quorumOf(nodes.length))
      this.accuse(
        'a majority has it',
        `${lock.ownerToken} was not there any more on ${inVain} of ${nodes.length} nodes when they took its number`,
      );
    const askedAtMs = tokens.page(lock.ownerToken).askedAtMs ?? timeline.nowMs;
    const forcedAtMs = (resource: string) => this.forcedAtMs.get(resource) ?? -Infinity;
    // Of holders at the same time, each with a permit of his own, nothing is promised.
    const { fencingToken, ownerToken, slots } = lock;
    const numbered = slots.length === 0 ? lock : { fencingToken, ownerToken, resources: slotsOf(lock) };
    const wrong = this.fences.add(numbered, timeline.nowMs, askedAtMs, forcedAtMs, isResumed);
    if (wrong !== undefined) this.accuse('tokens grow', wrong);
  }

  /** Where nothing is lost, a majority has what counts as held: of the servers, however often they are listed. */
  private lookForMajority(resources: readonly string[], ownerToken: string): void {
    const { nodes, plan, tokens } = this.world;
    const { inherits } = tokens.page(ownerToken);
    if (!NOTHING_IS_LOST.includes(plan.kind)) return;
    const having = [...new Set(nodes)].filter((node) =>
      resources.every((resource) => {
        const owner = node.ownerOf(resource);
        return owner === ownerToken || (inherits !== undefined && owner === inherits);
      }),
    );
    if (having.length < quorumOf(nodes.length))
      this.accuse('a majority has it', `${ownerToken} is on ${having.length} of ${nodes.length} nodes`);
  }

  private lookForForced({ forcedAtMs, request, lock }: Handle): void {
    if (forcedAtMs === undefined) return;
    const asked = [request.call.ttl, ...(request.call.extensions ?? []).map(({ ttl }) => ttl)];
    // Another reader of its process may have prolonged what they share.
    const ttlMs = Math.max(...asked, this.world.tokens.page(lock.ownerToken).longestTtlMs);
    const sinceMs = this.world.timeline.nowMs - forcedAtMs;
    if (sinceMs > ttlMs * 1.02 + 2 * NODE_TIMEOUT_MS)
      this.accuse(
        'told when forced',
        `${request.name} holds ${lock.ownerToken} ${sinceMs.toFixed(0)} ms after it was deleted`,
      );
  }

  private lookForTwoHolders(): void {
    const { handles } = this;
    for (let first = 0; first < handles.length; first++) {
      const a = handles[first] as Handle;
      if (!a.wasHeld || a.isExcused || a.forcedAtMs !== undefined) continue;
      for (let second = first + 1; second < handles.length; second++) {
        const b = handles[second] as Handle;
        if (!b.wasHeld || b.isExcused || b.forcedAtMs !== undefined) continue;
        const both = inTheWay(a.lock, b.lock);
        if (both === undefined) continue;
        if (this.world.plan.kind === 'unseen') {
          this.world.count('two holders');
          continue;
        }
        this.accuse(
          brokenBy(a.lock, b.lock),
          `${both} is held by ${a.request.name} (${a.lock.ownerToken}, for ${a.lock.remainingMs.toFixed(1)} ms) ` +
            `and by ${b.request.name} (${b.lock.ownerToken}, for ${b.lock.remainingMs.toFixed(1)} ms)`,
        );
      }
    }
  }

  /** Never more than the largest limit that a holder asked with. */
  private lookForLimits(): void {
    const held = this.handles.filter(
      (one) => one.wasHeld && !one.isExcused && one.forcedAtMs === undefined && one.lock.mode === 'limited',
    );
    for (const resource of new Set(held.flatMap(({ lock }) => lock.resources))) {
      const here = held.filter(({ lock }) => lock.resources.includes(resource));
      const permits = here.reduce((sum, { lock }) => sum + lock.slots.length, 0);
      const limit = Math.max(...here.map(({ request }) => request.call.limit ?? 0));
      if (here.length > 1) this.world.count('permits together');
      if (permits > limit) this.accuse('limit', `${permits} permits of ${resource} are held, of ${limit}`);
    }
  }

  /** The only node sees all permits: whoever comes with a smaller limit finds no more of them, its own included. */
  private lookForSmallerLimit({ call }: Request, { resources, ownerToken }: Lock): void {
    const { nodes, tokens, plan } = this.world;
    const { inherits, putOrder = Infinity } = tokens.page(ownerToken);
    if (nodes.length > 1 || inherits !== undefined || plan.kind !== 'deployed') return;
    const before = this.handles.filter(
      ({ lock }) =>
        lock.isHeld &&
        lock.resources[0] === resources[0] &&
        (tokens.page(lock.ownerToken).putOrder ?? Infinity) <= putOrder,
    );
    const permits = before.reduce((sum, { lock }) => sum + lock.slots.length, 0);
    if (before.some(({ request }) => request.call.limit !== call.limit)) this.world.count('two limits');
    if (permits > (call.limit ?? 0))
      this.accuse('limit', `${ownerToken} is held by a limit of ${call.limit}, and ${permits} permits are`);
  }

  private lookForGaps(): void {
    const { plan, timeline } = this.world;
    this.requests = this.requests.filter(({ state, client }) => state !== 'over' && !client.isDead);
    const isCalm = plan.kind === 'calm' || plan.kind === 'queued';
    if (!isCalm && timeline.nowMs < plan.healAtMs + QUIET_AFTER_MS) return;
    const wanted = new Set<string>();
    const taken = new Set<string>();
    for (const { state, call, client } of this.requests) {
      const [resource] = call.resources;
      // Who waits for several stands in the lines of all.
      if (state !== 'waiting' || call.resources.length > 1) for (const one of call.resources) taken.add(one);
      else if (resource !== undefined && !client.isClosed) wanted.add(resource);
    }
    for (const resource of this.freeSinceMs.keys())
      if (!wanted.has(resource)) this.freeSinceMs.delete(resource);
    for (const resource of wanted) {
      if (taken.has(resource) || (this.keptUntilMs.get(resource) ?? 0) > timeline.nowMs) {
        this.freeSinceMs.delete(resource);
        continue;
      }
      const sinceMs = this.freeSinceMs.get(resource);
      if (sinceMs === undefined) {
        this.freeSinceMs.set(resource, timeline.nowMs);
        continue;
      }
      const gapMs = timeline.nowMs - sinceMs;
      this.longestGapMs = Math.max(this.longestGapMs, gapMs);
      if (gapMs > this.longestGapAllowedMs)
        this.accuse(
          'wakes in time',
          `${resource} is free for ${gapMs.toFixed(0)} ms, and somebody waits for it`,
        );
    }
  }

  /** A leading node that was set back has a key for longer than anybody asked for, and waiters believe it for a while. */
  private get longestGapAllowedMs(): number {
    const { plan, nodes } = this.world;
    if (plan.kind === 'queued') return LONGEST_GAP_IN_LINE_MS;
    return nodes.some(({ wasSetBack }) => wasSetBack) ? ASKED_AGAIN_AFTER_MS : LONGEST_GAP_MS;
  }

  private lookForRests(withoutLoss: boolean): void {
    const resources = new Set(this.world.plan.calls.flatMap((call) => call.resources));
    for (const node of this.world.nodes) {
      // There keys last for longer, by the time that was counted twice.
      if (node.wasSetBack) continue;
      for (const resource of resources) {
        const token = node.ownerOf(resource);
        if (token === undefined) continue;
        const page = this.world.tokens.page(token);
        const couldNotRelease =
          page.releaseRefused.has(node.position) && !page.grantedLate.has(node.position);
        if (withoutLoss && (page.isKept || page.isLeft || couldNotRelease)) continue;
        this.accuse('nothing left', `${node.name} still has ${token} at ${resource}`);
      }
    }
  }

  private lookIntoMemory(client: SimulatedClient): void {
    const left = client.remembers();
    if (left.length > 0) this.accuse('nothing remembered', `${client.name} still has ${left.join(', ')}`);
  }
}

function slotsOf({ resources, slots }: Lock): string[] {
  return slots.map((slot) => `${resources.join()}#${slot}`);
}

/** How a lock holds one of its resources. */
function modeOf(lock: Lock, resource: string): ReturnType<typeof modeAt> {
  return modeAt((lock as HeldLock).kind, resource);
}

/** A resource that both cannot hold at once. */
function inTheWay(a: Lock, b: Lock): string | undefined {
  return a.resources.find((resource) => {
    if (!b.resources.includes(resource)) return false;
    const modes = [modeOf(a, resource), modeOf(b, resource)];
    if (modes.includes('exclusive')) return true;
    return modes.every((mode) => mode === 'limited') && a.slots.some((slot) => b.slots.includes(slot));
  });
}

function brokenBy(a: Lock, b: Lock): 'one holder' | 'readers or writer' | 'one per slot' {
  if (a.mode === 'limited' && b.mode === 'limited') return 'one per slot';
  return a.mode === 'exclusive' && b.mode === 'exclusive' ? 'one holder' : 'readers or writer';
}

/** What `remainingMs` would say. Who asks that ends a lock which is over by the clocks, and its signal would always be in time. */
function validityOf(lock: Lock): number {
  return (lock as unknown as { readonly leftMs: number }).leftMs;
}
