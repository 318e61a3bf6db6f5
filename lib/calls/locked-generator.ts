import { Caller } from './caller';
import { insteadOf, NO_RESULT, type LockedCall, type LockedTask, type Progress } from './locked-call';
import { openHold, type OpenHold } from './open-hold';

export type AnyAsyncGenerator = AsyncGenerator<unknown, unknown, unknown>;

/** Releases what a generator holds. Apart from the generator itself, which it must not keep from being collected. */
interface Possession {
  giveBack?: () => void;
}

/** A generator that nobody can pull from any more would hold its lock for ever. */
const abandoned = new FinalizationRegistry<Possession>(({ giveBack }) => giveBack?.());

/**
 * An async generator that takes the lock at the first `next()`, runs `source` under it, and releases it when that
 * ends, throws or is returned early. Who returns it while it waits for the lock stops the waiting.
 *
 * @param onLeave is called when it is returned early, also before the first `next()`: a generator runs nothing then
 */
export function lockedGenerator(
  call: LockedCall,
  source: LockedTask<AnyAsyncGenerator>,
  onLeave?: () => void,
): AnyAsyncGenerator {
  const caller = new Caller();
  const possession: Possession = {};
  const generator = generateUnderLock(call, source, possession, caller);
  abandoned.register(generator, possession);

  // A generator queues what it is asked: without this a return would be heard when the waiting is over.
  const prototype = Object.getPrototypeOf(generator) as AnyAsyncGenerator;
  const leave = () => {
    caller.leave();
    onLeave?.();
  };
  return Object.assign(generator, {
    return(value: unknown) {
      leave();
      return prototype.return.call(generator, value);
    },
    throw(error: unknown) {
      leave();
      return prototype.throw.call(generator, error);
    },
  });
}

async function* generateUnderLock(
  call: LockedCall,
  source: LockedTask<AnyAsyncGenerator>,
  possession: Possession,
  caller: Caller,
): AnyAsyncGenerator {
  const progress: Progress = { hasStarted: false };
  try {
    const hold = await openHold(call, caller.signal);
    progress.hasStarted = true;
    progress.lock = hold.lock;
    const lost = call.onLost === 'ignore' ? undefined : hold.lock.signal;
    const inner = new HeldGenerator(
      hold,
      hold.run(() => source(hold.lock, caller)),
      lost,
    );
    possession.giveBack = () => {
      inner.abandon();
    };
    try {
      progress.finished = { result: yield* inner };
    } finally {
      inner.stopWatching();
      // Returned early, or failed: that counts, and not what becomes of the lock.
      if (progress.finished === undefined) await hold.end().catch(() => undefined);
    }
    await hold.end();
    return progress.finished.result;
  } catch (error) {
    // Nobody is left to hear that the waiting was given up.
    if (!progress.hasStarted && error === caller.signal.reason) return undefined;
    const instead = await insteadOf(error, call, progress, NO_RESULT);
    if (instead === NO_RESULT) return undefined;
    if (progress.hasStarted && call.onLost === 'ignore') return instead;
    if (isAsyncIterable(instead)) return (yield* instead) as unknown;
    yield instead;
    return undefined;
  }
}

type Step = () => Promise<IteratorResult<unknown, unknown>>;

/** A generator as a part of the task that holds the lock. Once that is lost it is returned, and its caller gets the error. */
class HeldGenerator implements AsyncIterator<unknown, unknown, unknown> {
  private failStep: ((error: unknown) => void) | undefined;

  constructor(
    private readonly hold: OpenHold,
    private readonly inner: AnyAsyncGenerator,
    private readonly lost: AbortSignal | undefined,
  ) {
    lost?.addEventListener('abort', this.onLost);
  }

  next(value: unknown) {
    return this.step(() => this.inner.next(value));
  }

  return(value: unknown) {
    return this.step(() => this.inner.return(value));
  }

  throw(error: unknown) {
    return this.step(() => this.inner.throw(error));
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  stopWatching(): void {
    this.lost?.removeEventListener('abort', this.onLost);
  }

  abandon(): void {
    this.stopWatching();
    this.letFinish();
    this.hold.end().catch(() => undefined);
  }

  /** One at a time: the generator around this one queues what it is asked. */
  private step(step: Step): ReturnType<Step> {
    return new Promise((resolve, reject) => {
      this.lost?.throwIfAborted();
      this.failStep = reject;
      this.hold.run(step).then(resolve, reject);
    });
  }

  private readonly onLost = (): void => {
    this.letFinish();
    this.failStep?.(this.lost?.reason);
  };

  /** Its `finally` blocks run at once where it is suspended, else when it comes to its next `yield`. */
  private letFinish(): void {
    this.hold.run(() => this.inner.return(undefined)).catch(() => undefined);
  }
}

export function isAsyncGenerator(value: unknown): value is AnyAsyncGenerator {
  const { next, return: giveUp } = (value ?? {}) as Partial<AnyAsyncGenerator>;
  return typeof next === 'function' && typeof giveUp === 'function' && isAsyncIterable(value);
}

/** Ends an iterator that nobody reads. One that is none of a generator may have subscribed to something already. */
export async function closeUnread(iterator: AnyAsyncGenerator): Promise<void> {
  try {
    await iterator.return(undefined);
  } catch {
    // Nobody is left to hear of it.
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  const { [Symbol.asyncIterator]: iterate } = (value ?? {}) as Partial<AsyncIterable<unknown>>;
  return typeof iterate === 'function';
}
