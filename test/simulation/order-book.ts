import type { Request } from './judge';
import { NODE_TIMEOUT_MS, type Call } from './plan';

interface Waiting {
  readonly request: Request;
  readonly sinceMs: number;
  /** The turns of other processes since its own process had one. */
  passedBy: number;
}

/** So long what a caller in line gives back is kept for the others: a tenth of the node timeout. */
const KEPT_FOR_MS = NODE_TIMEOUT_MS / 10;

/** The longest time to a node and back where nobody is far away. */
const ROUND_TRIP_MS = 1.8;

/** So long it takes at most until a caller that waits has its place in line on all nodes. */
const IN_LINE_AFTER_MS = 30;

/** In which order callers came, and in which they are served. */
export class OrderBook {
  /**
   * The most of other processes that were served while somebody waited and its process had no turn; of permits as many count
   * as one as can be held at once.
   */
  mostPassed = 0;

  /** The last one that gave back what it had, until somebody else has it. */
  private freed: { readonly by: Request; readonly atMs: number } | undefined;
  private waiting: Waiting[] = [];
  /** When another caller of a process became the first of those that wait, or may have. */
  private readonly changedAtMs = new Map<Request['client'], number>();
  private largestLimit = 1;
  /** Somebody was served, and somebody of its process who had come before it waited still. */
  private readonly suspects: { readonly served: Request; readonly passed: Request }[] = [];

  asks(request: Request, nowMs: number): void {
    this.waiting.push({ request, sinceMs: nowMs, passedBy: 0 });
    this.largestLimit = Math.max(this.largestLimit, request.call.limit ?? 1);
  }

  /**
   * @param isFirst not a reader that came to a lease of its process
   * @returns somebody in line for whom it was kept, if the one that is served has just come, and looks at no line
   */
  gave(served: Request, isFirst: boolean, nowMs: number): Request | undefined {
    const { freed } = this;
    this.freed = undefined;
    this.dropThoseThatLeft(nowMs);
    const robbed =
      freed !== undefined && isFair(freed.by) && this.isNewcomer(served, freed.atMs, nowMs)
        ? this.inLine(freed.by, nowMs)
        : undefined;
    this.changedAtMs.set(served.client, nowMs);
    this.count(served, isFirst);
    return robbed;
  }

  private count(served: Request, isFirst: boolean): void {
    const own = this.waiting.find(({ request }) => request === served);
    if (own === undefined) return;
    this.waiting = this.waiting.filter((one) => one !== own);
    for (const one of this.waiting) {
      const { request } = one;
      if (!isSameWish(request.call, served.call)) continue;
      if (request.client === served.client) this.noteOwn(served, one);
      else if (isFirst && areInTheWay(request.call, served.call)) {
        one.passedBy += 1 / (request.call.limit ?? this.largestLimit);
        this.mostPassed = Math.max(this.mostPassed, one.passedBy);
      }
    }
  }

  releases(request: Request, nowMs: number): void {
    this.freed = { by: request, atMs: nowMs };
  }

  released({ client }: Request, nowMs: number): void {
    this.changedAtMs.set(client, nowMs);
    for (const one of this.waiting) if (one.request.client === client) one.passedBy = 0;
  }

  /**
   * Who was served although somebody of the same process came before it, and still waits when all that happens at this
   * moment has happened.
   */
  outOfTurn(): { readonly served: Request; readonly passed: Request } | undefined {
    if (this.suspects.length === 0) return undefined;
    return this.suspects.splice(0).find(({ passed }) => passed.state === 'waiting');
  }

  private dropThoseThatLeft(nowMs: number): void {
    for (const { request } of this.waiting)
      if (!isWaiting({ request })) this.changedAtMs.set(request.client, nowMs);
    this.waiting = this.waiting.filter(isWaiting);
  }

  /**
   * A caller that came after the release, while that was kept, looks at no line, and got it at its first attempt. From the
   * second one on a caller counts as one that waits.
   */
  private isNewcomer(served: Request, freedAtMs: number, nowMs: number): boolean {
    const sinceMs = this.waiting.find(({ request }) => request === served)?.sinceMs ?? 0;
    const isAtOnce = sinceMs >= freedAtMs && nowMs - sinceMs <= ROUND_TRIP_MS;
    return looksAtNoLine(served) && isAtOnce && nowMs - freedAtMs <= KEPT_FOR_MS;
  }

  /** Somebody of another process who has been in line for long enough to have a place on all nodes. */
  private inLine({ client }: Request, nowMs: number): Request | undefined {
    return this.waiting.find(({ request, sinceMs }) => {
      const firstSinceMs = Math.max(sinceMs, this.changedAtMs.get(request.client) ?? 0);
      return request.client !== client && isFair(request) && nowMs - firstSinceMs > IN_LINE_AFTER_MS;
    })?.request;
  }

  private noteOwn(served: Request, one: Waiting): void {
    one.passedBy = 0;
    const passed = one.request;
    const [mode, other] = [modeOf(served.call), modeOf(passed.call)];
    // Readers go together, and permits are handed on past the one that stands in line on the nodes. Who does not wait asks
    // beside those of its process that do.
    const mayPass =
      (mode === other && mode !== 'exclusive') || [served.call.wait, passed.call.wait].includes(0);
    if (passed.askedAt < served.askedAt && !mayPass) this.suspects.push({ served, passed });
  }
}

function isFair({ call }: Request): boolean {
  return call.fair === true && modeOf(call) === 'exclusive';
}

function looksAtNoLine({ call }: Request): boolean {
  return call.fair !== true && call.wait === 0 && modeOf(call) === 'exclusive';
}

function isWaiting({ request }: Pick<Waiting, 'request'>): boolean {
  return request.state === 'waiting' && !request.client.isDead;
}

/** Both want the one resource. */
function isSameWish({ resources }: Call, other: Call): boolean {
  return resources.length === 1 && other.resources.length === 1 && resources[0] === other.resources[0];
}

function areInTheWay(one: Call, other: Call): boolean {
  return modeOf(one) !== 'shared' || modeOf(other) !== 'shared';
}

function modeOf({ shared = [], limit }: Call): 'exclusive' | 'shared' | 'limited' {
  if (limit !== undefined) return 'limited';
  return shared.length > 0 ? 'shared' : 'exclusive';
}
