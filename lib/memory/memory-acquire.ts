import { type LockMode, modeOf, TURN } from '../ports/lock-mode';
import type { AcquireDenial, AcquireRequest, AcquireVote } from '../ports/lock-node.interface';
import { freePermits, type Member, permitsOfEach, slotsFor } from './memory-members';
import type { MemoryState } from './memory-state';

type Reason = NonNullable<AcquireDenial['by']>;

/** The result of looking at one resource. */
interface Look {
  readonly mode: LockMode;
  readonly by: Reason | undefined;
  /** The owner token of the holder in the way. */
  readonly holder?: string;
  /** The time at which what is in the way has ended. */
  readonly untilMs: number;
  /** True if the lease that ends here had the resource. */
  readonly isReplaced: boolean;
  readonly slots?: readonly number[];
  readonly ahead: number;
}

const REASONS: readonly Reason[] = ['shared', 'held', 'limit', 'line'];

/** Decides one request on a node in this process. It looks at every resource before it changes any (R19). */
export class MemoryAcquire {
  constructor(
    private readonly state: MemoryState,
    private readonly request: AcquireRequest,
    private readonly now: number,
  ) {}

  /** @param nodeMicros the time of the node, for a caller that may stand in line */
  decide(nodeMicros: number): AcquireVote {
    const { resources, limit, line } = this.request;
    if (limit?.swap) for (const resource of resources) this.removeOwnSlots(resource);
    const looks = resources.map((resource) => this.look(resource));
    const reason = REASONS.find((one) => looks.some(({ by }) => by === one));
    if (reason === undefined) return this.grant(looks, nodeMicros);
    if (line !== undefined)
      resources.forEach((resource, i) => {
        this.state.line.enter(resource, (looks[i] as Look).mode, line, this.now);
      });
    return this.denial(reason, looks, nodeMicros);
  }

  private look(resource: string): Look {
    const mode = modeOf(resource, this.request);
    const { replaces } = this.request;
    const { owners, members } = this.state;
    const owner = owners.find(resource, this.now);
    const all = members.of(resource, this.now);
    const others = all.filter(({ ownerToken }) => ownerToken !== replaces);
    const hold = this.lookAtHolds(mode, owner, mode === 'exclusive' ? all : others);
    const wanted = this.request.limit?.permits ?? 1;
    const isReplaced =
      mode === 'exclusive'
        ? owner !== undefined && owner.ownerToken === replaces
        : all.filter((one) => isOfHold(one, replaces, mode)).length >= wanted;
    return { mode, isReplaced, ...this.lookAtLine(resource, mode, others, hold) };
  }

  /** Looks for holders that may not stand beside this one, and for permits that are taken. */
  private lookAtHolds(
    mode: LockMode,
    owner: { readonly ownerToken: string; readonly expiresAtMs: number } | undefined,
    members: readonly Member[],
  ): Pick<Look, 'by' | 'holder' | 'untilMs' | 'slots'> {
    const { limit } = this.request;
    if (owner !== undefined && !this.isFree(owner.ownerToken)) {
      const holder = owner.ownerToken === TURN ? {} : { holder: owner.ownerToken };
      return { by: 'held', untilMs: owner.expiresAtMs, ...holder };
    }
    const last = members.at(-1);
    if (mode === 'exclusive' && last !== undefined) return { by: 'shared', untilMs: last.expiresAtMs };
    if (limit === undefined) return { by: undefined, untilMs: 0 };
    const missing = limit.permits - freePermits(members, limit);
    const slots = missing > 0 ? undefined : slotsFor(members, limit);
    if (slots !== undefined) return { by: undefined, untilMs: 0, slots };
    // The time at which the missing number of permits has ended. If others have exactly the slots that are asked
    // for, all of these must have ended.
    const ending = members.filter(
      ({ slot }) => slot !== undefined && (missing > 0 || limit.exact?.includes(slot)),
    );
    const lastOfThem = missing > 0 ? ending[missing - 1] : ending.at(-1);
    return { by: 'limit', untilMs: lastOfThem?.expiresAtMs ?? this.now };
  }

  private lookAtLine(
    resource: string,
    mode: LockMode,
    members: readonly Member[],
    hold: Pick<Look, 'by' | 'holder' | 'untilMs' | 'slots'>,
  ): Pick<Look, 'by' | 'holder' | 'untilMs' | 'slots' | 'ahead'> {
    const { line, limit } = this.request;
    if (line === undefined || limit?.exact !== undefined) return { ...hold, ahead: 0 };
    const room = limit === undefined ? undefined : { limit: limit.limit, held: permitsOfEach(members) };
    const isDenied = hold.by !== undefined;
    const { ahead, freeAtMs } = this.state.line.look(resource, mode, line, this.now, room, isDenied);
    if (isDenied || freeAtMs === undefined) return { ...hold, ahead };
    return { by: 'line', untilMs: freeAtMs, ahead };
  }

  /**
   * True for the token of the lease that ends here. For a waiter it is also true for the value that keeps a
   * resource for the line.
   */
  private isFree(ownerToken: string): boolean {
    const { replaces, line, askHolderTtl } = this.request;
    return ownerToken === replaces || (ownerToken === TURN && (askHolderTtl || line !== undefined));
  }

  private grant(looks: readonly Look[], nodeMicros: number): AcquireVote {
    const { resources, replaces, fence, line } = this.request;
    resources.forEach((resource, i) => {
      this.take(resource, looks[i] as Look);
    });
    this.state.dropExpired(this.now);
    const [{ slots } = {} as Partial<Look>] = looks;
    const numbered = resources.filter((_, i) => looks[i]?.mode !== 'shared');
    return {
      kind: 'granted',
      ...(replaces !== undefined && looks.every(({ isReplaced }) => isReplaced) ? { replaced: true } : {}),
      ...(fence === undefined ? {} : { fence: this.state.counters.number(numbered, fence) }),
      ...(slots === undefined ? {} : { slots }),
      ...(line === undefined ? {} : { inLine: this.longestLine(resources), nodeMicros }),
    };
  }

  private take(resource: string, { mode, slots = [] }: Look): void {
    const { owners, members, line } = this.state;
    const { ownerToken, ttlMs, replaces } = this.request;
    const untilMs = this.now + ttlMs;
    if (this.request.line !== undefined) line.leave(resource, mode, this.request.line, this.now);
    if (mode === 'exclusive') {
      owners.put(resource, ownerToken, untilMs);
      return;
    }
    owners.remove(resource);
    for (const member of members.of(resource, this.now))
      if (isOfHold(member, replaces, mode)) members.remove(resource, member);
    if (mode === 'shared') members.keep(resource, ownerToken, undefined, untilMs);
    else for (const slot of slots) members.keep(resource, ownerToken, slot, untilMs);
  }

  private removeOwnSlots(resource: string): void {
    const { members } = this.state;
    for (const member of members.of(resource, this.now)) {
      const isOwn = member.ownerToken === this.request.ownerToken && member.slot !== undefined;
      if (isOwn) members.remove(resource, member);
    }
  }

  private longestLine(resources: readonly string[]): number {
    return Math.max(...resources.map((resource) => this.state.line.count(resource, this.now)));
  }

  private denial(reason: Reason, looks: readonly Look[], nodeMicros: number): AcquireDenial {
    const isHeld = reason === 'held' || reason === 'shared';
    const inTheWay = looks.filter(({ by }) => by === reason || (isHeld && by !== undefined && by !== 'line'));
    const { holder, untilMs } = inTheWay.reduce((one, other) => (other.untilMs > one.untilMs ? other : one));
    const leftMs = untilMs - this.now;
    return {
      kind: 'denied',
      by: reason,
      ...(isHeld ? { holderTtlMs: leftMs } : { freeInMs: leftMs }),
      ...(holder === undefined ? {} : { holder }),
      ...(this.request.line === undefined ? {} : { ahead: Math.max(...looks.map(({ ahead }) => ahead)) }),
      nodeMicros,
    };
  }
}

function isOfHold({ ownerToken, slot }: Member, replaces: string | undefined, mode: LockMode): boolean {
  return ownerToken === replaces && (slot === undefined) === (mode === 'shared');
}
