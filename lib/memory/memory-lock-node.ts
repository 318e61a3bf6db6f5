import type { TimeSource } from '../ports/clock.interface';
import { ListenerMap } from '../collections/listener-map';
import { modeOf } from '../ports/lock-mode';
import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FailedVote,
  LeaveRequest,
  LeaveVote,
  LockNode,
  NodeHold,
  NodeStatus,
  NodeStatusChange,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseHandler,
  ReleaseRequest,
  ReleaseSubscription,
  ReleaseVote,
} from '../ports/lock-node.interface';
import type { ListRequest, ListedPart } from '../ports/node-listing.interface';
import { systemClock } from '../system/system-clock';
import { MemoryAcquire } from './memory-acquire';
import { checkMemoryNodeOptions, type MemoryLockNodeOptions } from './check-memory-node-options';
import { extendInMemory } from './memory-extend';
import { inspectInMemory, listInMemory } from './memory-inspect';
import { type Freed, leaveInMemory, releaseInMemory } from './memory-release';
import { MemoryState } from './memory-state';
import { idsInTurn } from './memory-turns';

export type { MemoryLockNodeOptions };

let made = 0;

/**
 * A lock node in this process: real contention without Redis, for tests, development and single-process programs.
 *
 * It excludes only callers that share the same node object. It excludes no other process, and no caller of another
 * `MemoryLockNode`.
 */
export class MemoryLockNode implements LockNode {
  readonly name: string;
  readonly sharing = true;

  private readonly clock: TimeSource;
  private readonly state: MemoryState;
  private readonly releaseListeners = new ListenerMap<{ ownerToken: string; waiting: number }>();
  /** By {@link nameOfTurn}. */
  private readonly turnListeners = new ListenerMap<string>();
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();
  private currentStatus: NodeStatus = 'up';

  /** @throws LockOptionsError with the option's name */
  constructor(options: MemoryLockNodeOptions = {}) {
    const { name, clock } = checkMemoryNodeOptions(options);
    this.name = name ?? `memory-${++made}`;
    this.clock = clock ?? systemClock;
    this.state = new MemoryState(this.clock);
  }

  get status(): NodeStatus {
    return this.currentStatus;
  }

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    if (this.currentStatus === 'closed') {
      vote(this.closedVote());
      return;
    }
    const nodeMicros = Math.floor(this.clock.wallNow() * 1_000);
    vote(new MemoryAcquire(this.state, request, this.clock.now()).decide(nodeMicros));
  }

  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void {
    if (this.currentStatus === 'closed') {
      vote(this.closedVote());
      return;
    }
    const { ownerToken, fence, keepMs, slots } = request;
    const { owners, members, counters } = this.state;
    const now = this.clock.now();
    const resources = request.resources.filter((resource) => modeOf(resource, request) !== 'shared');
    const isOurs = (resource: string) =>
      slots === undefined
        ? owners.find(resource, now)?.ownerToken === ownerToken
        : slots.every((slot) => members.find(resource, ownerToken, slot, now) !== undefined);
    if (!resources.every(isOurs)) {
      vote({ kind: 'denied' });
      return;
    }
    counters.raise(resources, fence, keepMs);
    vote({ kind: 'granted' });
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    if (this.currentStatus === 'closed') vote(this.closedVote());
    else vote(extendInMemory(this.state, request, this.clock.now()));
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    if (this.currentStatus === 'closed') {
      vote(this.closedVote());
      return;
    }
    const { isWhole, freed } = releaseInMemory(this.state, request, this.clock.now());
    const waiting = request.wakeWaiters ? this.tell(freed, request.ownerToken) : 0;
    if (request.wakeWaiters && request.turnMs !== undefined) this.callInTurn(freed, request.ownerToken);
    if (!isWhole) vote({ kind: 'denied' });
    else vote(waiting > 0 ? { kind: 'granted', waiting } : { kind: 'granted' });
  }

  leave(request: LeaveRequest, vote: (vote: LeaveVote) => void): void {
    if (this.currentStatus === 'closed') {
      vote(this.closedVote());
      return;
    }
    const { vote: answer, left } = leaveInMemory(this.state, request, this.clock.now());
    if (request.wakeWaiters) {
      this.tell(left, request.ownerToken);
      this.callInTurn(left, request.ownerToken);
    }
    vote(answer);
  }

  inspect(resource: string): Promise<NodeHold | null> {
    if (this.currentStatus === 'closed') return Promise.reject(this.closedVote().error);
    return Promise.resolve(inspectInMemory(this.state, resource, this.clock.now()));
  }

  /** Lists everything in one part, since no other process waits for this node. */
  list(request: ListRequest): Promise<ListedPart> {
    if (this.currentStatus === 'closed') return Promise.reject(this.closedVote().error);
    const listening = (resource: string) => this.releaseListeners.count(resource);
    return Promise.resolve(listInMemory(this.state, request, this.clock.now(), listening));
  }

  onReleased(resource: string, wake: ReleaseHandler, inLineAs?: string): ReleaseSubscription {
    if (inLineAs !== undefined) return this.onTurn(nameOfTurn(inLineAs, resource), wake);
    // Each subscription has an object of its own, since the same `wake` may be given twice.
    const listener = {
      hear(release: { ownerToken: string; waiting: number }) {
        wake(release.ownerToken, release.waiting);
      },
    };
    this.releaseListeners.add(resource, listener);
    return {
      isHeard: true,
      stop: () => {
        this.releaseListeners.remove(resource, listener);
      },
    };
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  close(): Promise<void> {
    if (this.currentStatus !== 'closed') {
      this.currentStatus = 'closed';
      this.state.clear();
      for (const listener of this.statusListeners) listener({ status: 'closed' });
    }
    return Promise.resolve();
  }

  private onTurn(name: string, wake: ReleaseHandler): ReleaseSubscription {
    const listener = {
      hear(released: string) {
        wake(released);
      },
    };
    this.turnListeners.add(name, listener);
    return {
      isHeard: true,
      callsInTurn: true,
      stop: () => {
        this.turnListeners.remove(name, listener);
      },
    };
  }

  private callInTurn(freed: readonly Freed[], ownerToken: string): void {
    for (const one of freed)
      for (const id of idsInTurn(this.state, one, ownerToken, this.clock.now()))
        this.turnListeners.call(nameOfTurn(id, one.resource), ownerToken);
  }

  /** @returns the largest number of waiters of one of the resources */
  private tell(freed: readonly Freed[], ownerToken: string): number {
    let most = 0;
    for (const { resource } of freed) {
      const waiting = this.releaseListeners.count(resource);
      most = Math.max(most, waiting);
      this.releaseListeners.call(resource, { ownerToken, waiting });
    }
    return most;
  }

  private closedVote(): FailedVote {
    return { kind: 'failed', error: new Error(`${this.name} is closed`) };
  }
}

/** An id has no spaces. */
function nameOfTurn(id: string, resource: string): string {
  return `${id} ${resource}`;
}
