import { GuardedError } from './guarded-error';
import type { Clock, Timer } from '../ports/clock.interface';
import { FirstContact } from './first-contact';
import type {
  AcquireVote,
  LockNode,
  NodeStatusChange,
  RaiseFenceVote,
  ServerFacts,
} from '../ports/lock-node.interface';
import type { RoundResult } from './round';

/**
 * - `observed`: guards a server that was seen to restart, and one that is younger than the others when it is first
 *   seen
 * - `strict`: guards every server that runs for less than the guard time
 * - `false`: guards no server because of a restart. A clock that ran ahead still guards its node
 */
export type RestartGuard = 'observed' | 'strict' | false;

/**
 * The reason why a node may have forgotten locks that it had granted:
 * - `restarted`: another server than before answers, or the same one was started again
 * - `young`: it started a moment ago, and others have run for longer
 * - `clock`: its clock ran ahead, so keys may have expired too early
 * - `duplicate`: it is the same server as another node, and would vote twice
 */
export type GuardReason = 'restarted' | 'young' | 'clock' | 'duplicate';

export interface Guarded {
  readonly reason: GuardReason;
  /** The end of the guard on the monotonic clock. Infinity for a duplicate, until the server changes. */
  readonly untilMs: number;
}

export interface NodeGuardSettings {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly restartGuard: RestartGuard;
  /** The largest ttl in use. After this time, everything that a node may have forgotten has ended. */
  readonly guardMs: number;
  /** Called when a node is guarded from now on, or for another reason. With null, the node may grant again. */
  readonly onChange: (node: LockNode, guarded: Guarded | null) => void;
}

/** The facts that are known of the server behind a node. */
interface Known {
  servers: readonly ServerFacts[];
  /** The start of the youngest of these servers, on our monotonic clock. */
  startedAtMs: number;
}

/**
 * The longest time to wait for the first contact with the other nodes. After that a young server is judged without
 * them.
 */
const ACQUAINTANCE_MS = 1_000;

/** Servers that start within this share of the guard time count as started together. */
const TOGETHER = 0.25;

/**
 * Knows which nodes must not grant now, because they may have forgotten what they granted (R12). Redlock needs
 * every node to remember its grants for a ttl. A guarded node may still confirm extensions and releases of what it
 * has.
 *
 * If all servers are new, they have nothing to forget. So with `observed`, servers that started together may
 * grant.
 */
export class NodeGuard {
  /** The nodes that have not connected yet. */
  readonly firstContact: FirstContact;
  private readonly known = new Map<LockNode, Known>();
  /** The nodes at which a restart or a wrong clock was seen, even if they do not say who they are. */
  private readonly suspected = new Map<LockNode, Guarded>();
  private readonly guarded = new Map<LockNode, Guarded>();
  private readonly announced = new Map<LockNode, GuardReason>();
  private readonly acquaintedAtMs: number;
  private readonly stops: readonly (() => void)[];
  private timer: Timer | undefined;

  constructor(private readonly settings: NodeGuardSettings) {
    const { nodes, clock } = settings;
    this.acquaintedAtMs = clock.now() + ACQUAINTANCE_MS;
    this.firstContact = new FirstContact(nodes, (node) => this.isUndecided(node));
    this.stops = nodes.map((node) =>
      node.onStatus((change) => {
        this.hear(node, change);
      }),
    );
  }

  /** True if no node is guarded. This is the usual case, and it must cost nothing. */
  get isIdle(): boolean {
    return this.guarded.size === 0;
  }

  /** The reason why `node` must not grant now. */
  reasonFor(node: LockNode): Guarded | undefined {
    return this.guarded.get(node);
  }

  /** The error in the failed vote of a guarded node. */
  errorFor(node: LockNode): Error | undefined {
    const guarded = this.guarded.get(node);
    if (guarded === undefined) return undefined;
    const leftMs = guarded.untilMs - this.settings.clock.now();
    const until =
      leftMs === Infinity ? '' : `; it votes again in ${Math.max(1, Math.ceil(leftMs / 1_000))} s`;
    return new GuardedError(`${EXPLANATIONS[guarded.reason]}${until}`, leftMs);
  }

  /** The last known facts of the servers behind `node`. Undefined until they have said who they are. */
  serversOf(node: LockNode): readonly ServerFacts[] | undefined {
    return this.known.get(node)?.servers;
  }

  stop(): void {
    this.timer?.cancel();
    for (const stop of this.stops) stop();
  }

  private hear(node: LockNode, { status, servers, hasForgotten, clockAheadMs }: NodeStatusChange): void {
    if (servers !== undefined && servers.length > 0) this.meet(node, servers);
    if (hasForgotten) this.guardFromNow(node, 'restarted');
    if (clockAheadMs !== undefined) this.guardFromNow(node, 'clock');
    // Nobody waits for a node that is down.
    const isFirst = this.firstContact.hear(node, status);
    const isNews = servers !== undefined || hasForgotten || clockAheadMs !== undefined;
    if (isNews || status !== 'up' || isFirst) this.reconsider();
    this.firstContact.letGo();
  }

  private meet(node: LockNode, servers: readonly ServerFacts[]): void {
    const { clock, restartGuard } = this.settings;
    // A server that joined the others had nothing to forget, even if it is young.
    const judged = restartGuard === 'strict' ? servers : servers.filter(({ isAdditional }) => !isAdditional);
    const youngestMs = Math.min(...(judged.length > 0 ? judged : servers).map(({ uptimeMs }) => uptimeMs));
    const before = this.known.get(node)?.servers;
    this.known.set(node, { servers, startedAtMs: clock.now() - youngestMs });
    const hasNew = servers.some(
      ({ runId, isAdditional }) => !isAdditional && before?.every((server) => server.runId !== runId),
    );
    // The guard counts from now, and not from the server's start: it may have been a replica until a moment ago,
    // and not all writes had reached it.
    if (hasNew) this.guardFromNow(node, 'restarted');
  }

  private guardFromNow(node: LockNode, reason: 'restarted' | 'clock'): void {
    const { clock, guardMs, restartGuard } = this.settings;
    if (restartGuard === false && reason === 'restarted') return;
    this.suspected.set(node, { reason, untilMs: clock.now() + guardMs });
  }

  /** Judges every node again, reports what has changed, and runs once more when the first guard is over. */
  private reconsider(): void {
    const { nodes, onChange, clock } = this.settings;
    this.timer?.cancel();
    for (const node of nodes) {
      const guarded = this.judge(node);
      if (guarded === undefined) this.guarded.delete(node);
      else this.guarded.set(node, guarded);
      // Nothing is reported yet, since this is decided within a second.
      if (this.isUndecided(node)) continue;
      if (this.announced.get(node) === guarded?.reason) continue;
      if (guarded === undefined) this.announced.delete(node);
      else this.announced.set(node, guarded.reason);
      onChange(node, guarded ?? null);
    }
    const nextMs = Math.min(...[...this.guarded.values()].map(({ untilMs }) => untilMs));
    if (nextMs === Infinity) return;
    const delayMs = Math.max(1, Math.ceil(nextMs - clock.now()));
    this.timer = clock.schedule(
      delayMs,
      () => {
        this.reconsider();
        this.firstContact.letGo();
      },
      { background: true },
    );
  }

  /** True if the node is young, and older nodes may not have connected yet. */
  private isUndecided(node: LockNode): boolean {
    return this.guarded.get(node)?.untilMs === this.acquaintedAtMs;
  }

  private judge(node: LockNode): Guarded | undefined {
    const now = this.settings.clock.now();
    const known = this.known.get(node);
    const suspicion = this.suspected.get(node);
    if (known !== undefined && this.isDuplicate(node, known))
      return { reason: 'duplicate', untilMs: Infinity };
    if (suspicion !== undefined && suspicion.untilMs > now) return suspicion;
    return known && this.judgeYouth(node, known, now);
  }

  private judgeYouth(node: LockNode, { startedAtMs }: Known, now: number): Guarded | undefined {
    const { restartGuard, guardMs } = this.settings;
    const oldEnoughAtMs = startedAtMs + guardMs;
    if (restartGuard === false || oldEnoughAtMs <= now) return undefined;
    const hasElders = [...this.known].some(
      ([other, known]) => other !== node && known.startedAtMs < startedAtMs - guardMs * TOGETHER,
    );
    if (restartGuard === 'strict' || hasElders) return { reason: 'young', untilMs: oldEnoughAtMs };
    if (this.isUnacquainted) return { reason: 'young', untilMs: this.acquaintedAtMs };
    return undefined;
  }

  /** If several nodes are one server, the first of them counts, and the others are duplicates. */
  private isDuplicate(node: LockNode, { servers }: Known): boolean {
    const { nodes } = this.settings;
    return nodes
      .slice(0, nodes.indexOf(node))
      .some((earlier) =>
        this.known
          .get(earlier)
          ?.servers.some((theirs) => servers.some(({ runId }) => runId === theirs.runId)),
      );
  }

  /** True while older nodes may still connect. */
  private get isUnacquainted(): boolean {
    const { nodes, clock } = this.settings;
    return clock.now() < this.acquaintedAtMs && nodes.some(({ status }) => status === 'connecting');
  }
}

const EXPLANATIONS: Record<GuardReason, string> = {
  restarted:
    'guarded, since another server answers than before, or it was a replica meanwhile, so locks may be forgotten',
  young: 'guarded, since the server started a moment ago and may have forgotten locks',
  clock: 'guarded, since the clock of the server ran ahead and locks may have expired too early',
  duplicate:
    'the same server as an earlier node (they have one run_id), and a server has one vote; list each once',
};

/** The votes of a round, with failed votes in the place of the grants of nodes that are guarded by now. */
export function withoutGuarded<V extends AcquireVote | RaiseFenceVote>(
  round: RoundResult<V>,
  nodes: readonly LockNode[],
  guard: NodeGuard,
): RoundResult<V> {
  const votes = round.votes.map((vote, position) => {
    const error = vote?.kind === 'granted' ? guard.errorFor(nodes[position] as LockNode) : undefined;
    return error === undefined ? vote : ({ kind: 'failed', error } as const);
  });
  const failed = votes.filter((vote) => vote?.kind === 'failed').length;
  return { ...round, votes, granted: round.granted + round.failed - failed, failed };
}
