import type { Request } from './judge';
import type { Call } from './plan';

interface Waiting {
  readonly request: Request;
  /** The turns of other processes since its own process had one. */
  passedBy: number;
}

/** In which order callers came, and in which they are served. */
export class OrderBook {
  /**
   * The most of other processes that were served while somebody waited and its process had no turn; of permits as many count
   * as one as can be held at once.
   */
  mostPassed = 0;

  private waiting: Waiting[] = [];
  private largestLimit = 1;
  /** Somebody was served, and somebody of its process who had come before it waited still. */
  private readonly suspects: { readonly served: Request; readonly passed: Request }[] = [];

  asks(request: Request): void {
    this.waiting.push({ request, passedBy: 0 });
    this.largestLimit = Math.max(this.largestLimit, request.call.limit ?? 1);
  }

  /** @param isFirst not a reader that came to a lease of its process */
  gave(served: Request, isFirst: boolean): void {
    this.waiting = this.waiting.filter(isWaiting);
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

  released({ client }: Request): void {
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

function isWaiting({ request }: Waiting): boolean {
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
