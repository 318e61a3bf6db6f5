import type { Clock, Timer } from '../ports/clock.interface';
import type { AcquireRequest, AcquireVote, FailedVote, LockNode } from '../ports/lock-node.interface';

/** How often a node that refuses is asked whether it still does. */
const TRY_EVERY_MS = 1_000;

export interface RefusalsSettings {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  /** How long a node may take to answer. */
  readonly nodeTimeoutMs: number;
  readonly newOwnerToken: () => string;
  /** A node refuses to grant; null: it grants again, or does not answer at all. */
  readonly onChange: (node: LockNode, error: Error | null) => void;
}

interface Refusal {
  /** What was refused, to be tried. */
  resources: readonly string[];
  /** Undefined until a trial has been refused too. */
  error: Error | undefined;
  timer: Timer | undefined;
}

/**
 * Knows which nodes answer and yet grant nothing: a full server, one with too few replicas or without the right to write.
 * Reading tells nothing of it.
 *
 * What one caller was refused is tried once by ourselves: it may have been for its own sake, or for a moment. A node that
 * refuses that too is tried again every second, since nobody else may ask it: a service that is not healthy gets no work.
 */
export class Refusals {
  private readonly refusals = new Map<LockNode, Refusal>();
  private readonly stops: readonly (() => void)[];
  private isStopped = false;

  constructor(private readonly settings: RefusalsSettings) {
    this.stops = settings.nodes.map((node) =>
      node.onStatus(({ status }) => {
        if (status !== 'up') this.forget(node);
      }),
    );
  }

  /** Why `node` grants nothing now, though it answers. */
  errorFor(node: LockNode): Error | undefined {
    return this.refusals.get(node)?.error;
  }

  /** A caller was not granted `resources` by a node that is up. */
  suspect(node: LockNode, resources: readonly string[], { error }: FailedVote): void {
    if (this.isStopped || node.status !== 'up' || !isRefusal(error) || this.refusals.has(node)) return;
    this.begin(node, resources, ignore);
  }

  /** Tries every node that is up and not known to refuse, with a resource that nobody else asks for. */
  async look(resource: string): Promise<void> {
    if (this.isStopped) return;
    await Promise.all(
      this.settings.nodes.map(async (node) => {
        if (node.status !== 'up' || this.refusals.has(node)) return;
        const resources = [`${resource}:${this.settings.newOwnerToken()}`];
        await new Promise<void>((resolve) => {
          this.begin(node, resources, resolve);
        });
      }),
    );
  }

  stop(): void {
    this.isStopped = true;
    for (const stop of this.stops) stop();
    for (const { timer } of this.refusals.values()) timer?.cancel();
  }

  private begin(node: LockNode, resources: readonly string[], done: () => void): void {
    const refusal = { resources, error: undefined, timer: undefined };
    this.refusals.set(node, refusal);
    this.try(node, refusal, done);
  }

  private try(node: LockNode, refusal: Refusal, done: () => void): void {
    const { clock, nodeTimeoutMs, newOwnerToken } = this.settings;
    const request: AcquireRequest = {
      resources: refusal.resources,
      ownerToken: newOwnerToken(),
      // In case that its release does not get through.
      ttlMs: 2 * nodeTimeoutMs,
      askHolderTtl: false,
    };
    const conclude = (vote?: AcquireVote) => {
      limit.cancel();
      if (this.refusals.get(node) === refusal && !this.isStopped) this.conclude(node, refusal, vote);
      done();
    };
    // Silent: others notice that.
    const limit = clock.schedule(nodeTimeoutMs, conclude, { background: true });
    askOnce(node, request, (vote) => {
      conclude(vote);
      // Whoever was denied by it has to hear that it is over.
      if (vote.kind !== 'denied') node.release({ ...request, wakeWaiters: true }, ignore);
    });
  }

  private conclude(node: LockNode, refusal: Refusal, vote: AcquireVote | undefined): void {
    const { clock, onChange } = this.settings;
    if (vote !== undefined && !(vote.kind === 'failed' && isRefusal(vote.error))) {
      this.forget(node);
      return;
    }
    const isNew = refusal.error === undefined;
    if (vote === undefined && isNew) {
      this.forget(node);
      return;
    }
    if (vote !== undefined) refusal.error = vote.error;
    refusal.timer = clock.schedule(
      TRY_EVERY_MS,
      () => {
        this.try(node, refusal, ignore);
      },
      { background: true },
    );
    if (isNew && refusal.error !== undefined) onChange(node, refusal.error);
  }

  private forget(node: LockNode): void {
    const refusal = this.refusals.get(node);
    if (refusal === undefined) return;
    this.refusals.delete(node);
    refusal.timer?.cancel();
    if (refusal.error !== undefined) this.settings.onChange(node, null);
  }
}

/**
 * An answer of a server has a code: `OOM`, `NOREPLICAS`, … That the user may not touch a key says nothing of other keys.
 */
function isRefusal(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && !(code === 'NOPERM' && /\bkeys?\b/.test(error.message));
}

/** Nodes can be written by users: one that throws has refused too. */
function askOnce(node: LockNode, request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
  try {
    node.acquire(request, vote);
  } catch (error) {
    vote({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
  }
}

function ignore(): void {
  // Nobody waits for it; what it leaves expires soon.
}
