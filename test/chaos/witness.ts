import type { StartReport } from './report';

/** A span of time in which a client believed that a resource was its own. */
export interface Hold {
  readonly id: string;
  readonly client: string;
  readonly resources: readonly string[];
  readonly fence: number | undefined;
  readonly shared: readonly string[];
  readonly slots: readonly number[] | undefined;
  readonly fromMs: number;
  /** The end of its validity, or when it was released or lost, if that was earlier. */
  toMs: number;
}

/** The last one: a permit that is none of those that its holder wanted to be held at most. */
export type Rule = 'one holder' | 'readers or writer' | 'one per slot' | 'tokens grow' | 'limit';

export interface Violation {
  readonly rule: Rule;
  readonly resource: string;
  /** Who came first. */
  readonly earlier: Hold;
  readonly later: Hold;
}

/** How long after the end of its validity the last report of a hold may come in. */
const SETTLED_AFTER_MS = 2_000;
/** No hold lasts longer than this, so nobody can overlap with what ended earlier. */
const REMEMBERED_MS = 15_000;

/**
 * Counts holds of one resource that overlap. It knows nothing of Redis, and nothing of how the library works: only
 * what the clients believed, on a clock that they share.
 *
 * A client that is stopped holds until its validity ends, as its own clocks will tell it. So does one that was
 * killed: what it had begun may still be on its way.
 */
export class Witness {
  private readonly open = new Map<string, Hold>();
  private readonly settled = new Map<string, Hold[]>();

  /** @returns what is wrong with it by itself */
  started(client: string, report: StartReport): Violation[] {
    const { hold, resources, fence, atMs, untilMs, shared = [], permits } = report;
    const slots = permits?.slots;
    const id = hold;
    const started: Hold = { id, client, resources, fence, shared, slots, fromMs: atMs, toMs: untilMs };
    this.open.set(hold, started);
    if (permits === undefined || permits.slots.every((slot) => slot < permits.limit)) return [];
    // With permits of different numbers, all below the limit, there are never more of them than that.
    return [{ rule: 'limit', resource: resources.join(), earlier: started, later: started }];
  }

  extended(id: string, untilMs: number): void {
    const hold = this.open.get(id);
    if (hold !== undefined) hold.toMs = untilMs;
  }

  /** @returns what this hold broke */
  ended(id: string, atMs: number): Violation[] {
    const hold = this.open.get(id);
    if (hold === undefined) return [];
    hold.toMs = Math.min(hold.toMs, atMs);
    return this.settle(hold);
  }

  /** Judges the holds whose end nobody will report: their clients are stopped or dead. */
  settleUntil(nowMs: number): Violation[] {
    const over = [...this.open.values()].filter(({ toMs }) => nowMs > toMs + SETTLED_AFTER_MS);
    return over.flatMap((hold) => this.settle(hold));
  }

  /** The client is dead, so nothing of it will be extended. */
  died(client: string): Violation[] {
    const left = [...this.open.values()].filter((hold) => hold.client === client);
    return left.flatMap((hold) => this.settle(hold));
  }

  isHolding(client: string, nowMs: number): boolean {
    return [...this.open.values()].some((hold) => hold.client === client && nowMs < hold.toMs);
  }

  /** Those of a hold that is not settled yet. */
  resourcesOf(id: string): readonly string[] {
    return this.open.get(id)?.resources ?? [];
  }

  private settle(hold: Hold): Violation[] {
    this.open.delete(hold.id);
    return hold.resources.flatMap((resource) => {
      const recent = (this.settled.get(resource) ?? []).filter(
        ({ toMs }) => toMs > hold.fromMs - REMEMBERED_MS,
      );
      this.settled.set(resource, [...recent, hold]);
      return recent.flatMap((other) => judge(resource, hold, other) ?? []);
    });
  }
}

function judge(resource: string, one: Hold, other: Hold): Violation | undefined {
  const [earlier, later] = one.fromMs < other.fromMs ? [one, other] : [other, one];
  const rule = ruleFor(resource, earlier, later);
  // Readers, and holders of different permits.
  if (rule === undefined) return undefined;
  if (later.fromMs < earlier.toMs && later.fromMs < later.toMs) return { rule, resource, earlier, later };
  const [before, after] = [numberOf(resource, earlier), numberOf(resource, later)];
  if (before !== undefined && after !== undefined && after <= before)
    return { rule: 'tokens grow', resource, earlier, later };
  return undefined;
}

/** What both of them at one time would break; undefined: nothing. */
function ruleFor(resource: string, one: Hold, other: Hold): Rule | undefined {
  const [isRead, isReadToo] = [one, other].map(({ shared }) => shared.includes(resource));
  if (one.slots !== undefined && other.slots !== undefined)
    return one.slots.some((slot) => other.slots?.includes(slot)) ? 'one per slot' : undefined;
  if (isRead && isReadToo) return undefined;
  const isAlone = ({ slots, shared }: Hold) => slots === undefined && !shared.includes(resource);
  return isAlone(one) && isAlone(other) ? 'one holder' : 'readers or writer';
}

/** The number of a lock on several resources is of those that it has alone. */
function numberOf(resource: string, { fence, shared }: Hold): number | undefined {
  return shared.includes(resource) ? undefined : fence;
}
