import type { Clock, Timer } from '../ports/clock.interface';
import type { AcquireRequest, AcquireVote, FailedVote, LockNode } from '../ports/lock-node.interface';

/** A node that refuses is tried again after this time. */
const TRY_EVERY_MS = 1_000;

/** The longest ttl of a trial. One that is not released must be over before the next one, which it would deny. */
const LONGEST_TRIAL_MS = TRY_EVERY_MS / 2;

export interface RefusalsSettings {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  /** The longest time that a node may take to answer. */
  readonly nodeTimeoutMs: number;
  readonly newOwnerToken: () => string;
  /** Called when a node refuses to grant. With null, it grants again, or does not answer at all. */
  readonly onChange: (node: LockNode, error: Error | null) => void;
}

interface Refusal {
  /** The resources that were refused, for the next trial. */
  resources: readonly string[];
  /** The error of the last trial. Undefined until a trial has been refused too. */
  error: Error | undefined;
  timer: Timer | undefined;
}

/**
 * Knows which nodes answer and yet grant nothing: a full server, one with too few replicas, or one that we may not
 * write to. One that does not release what it grants counts as such a node. Reading from a node does not show this.
 *
 * After a node has refused a caller, this class tries the same resources once: the refusal may have concerned only
 * that caller or that moment. A node that refuses the trial too is tried again every second. Other callers may not
 * ask it, since a service that is not healthy gets no work.
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

  /** The reason why `node` grants nothing now, although it answers. */
  errorFor(node: LockNode): Error | undefined {
    return this.refusals.get(node)?.error;
  }

  /** Notes that a node which is up refused `resources` to a caller. */
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
      // The trial ends by itself if its release does not arrive.
      ttlMs: Math.min(2 * nodeTimeoutMs, LONGEST_TRIAL_MS),
      askHolderTtl: false,
    };
    const conclude = (vote?: AcquireVote) => {
      limit.cancel();
      if (this.refusals.get(node) === refusal && !this.isStopped) this.conclude(node, refusal, vote);
      done();
    };
    // A node that does not answer at all is no refusal. `silent-nodes.ts` notices it.
    const limit = clock.schedule(nodeTimeoutMs, conclude, { background: true });
    askOnce(node, request, (vote) => {
      // A caller that was denied by the trial has to hear that it is over.
      const release = { ...request, wakeWaiters: true };
      if (vote.kind === 'granted') {
        // What cannot be released again is of no use, as where scripts are refused and a lone lock needs none.
        node.release(release, (released) => {
          conclude(released.kind === 'failed' ? released : vote);
        });
        return;
      }
      conclude(vote);
      if (vote.kind === 'failed') node.release(release, ignore);
    });
  }

  private conclude(node: LockNode, refusal: Refusal, answer: AcquireVote | undefined): void {
    const { clock, onChange } = this.settings;
    const vote = answer === undefined || isUnanswered(answer) ? undefined : answer;
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
    // This may be the late answer of a trial after which the next one is planned already.
    refusal.timer?.cancel();
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
 * Tells if an error is the answer of a server. Such an error has a code: `OOM`, `NOREPLICAS`, … A missing right to
 * one key says nothing about other keys.
 */
function isRefusal(error: Error): boolean {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string' || UNANSWERED.has(code)) return false;
  return !(code === 'NOPERM' && /\bkeys?\b/.test(error.message));
}

/** Tells if a node says by itself that it has no answer of its server. */
function isUnanswered(vote: AcquireVote): boolean {
  return vote.kind === 'failed' && UNANSWERED.has((vote.error as { code?: string }).code ?? '');
}

/**
 * The codes of nodes without an answer of their server. A node hears of a broken connection only after the requests
 * that were under way: it counts as up until then.
 */
const UNANSWERED = new Set(['DISCONNECTED', 'NOT_CONNECTED', 'STALLED', 'CLOSED', 'OVERLOADED']);

/** Asks a node once. If it throws, which a node that a user wrote may do, it has refused too. */
function askOnce(node: LockNode, request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
  try {
    node.acquire(request, vote);
  } catch (error) {
    vote({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
  }
}

function ignore(): void {
  // Nobody waits for this vote. What the trial leaves on the node expires soon.
}
