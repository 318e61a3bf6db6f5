import { Caller } from './caller';
import { insteadOf, NO_RESULT, type LockedCall, type LockedTask, type Progress } from './locked-call';
import { openHold, type OpenHold } from './open-hold';

export type AnyAsyncGenerator = AsyncGenerator<unknown, unknown, unknown>;

/** Releases the lock of a generator. It is apart from the generator, which it must not keep in memory. */
interface Possession {
  release?: () => void;
}

/** Without this, a generator that nobody can read any more would hold its lock for ever. */
const abandoned = new FinalizationRegistry<Possession>(({ release }) => release?.());

/**
 * Makes an async generator that takes the lock at the first `next()`, runs `source` under it, and releases it when
 * the source ends, throws or is returned early. If it is returned while it waits for the lock, the waiting stops.
 *
 * @param onLeave is called when it is returned early, even before the first `next()`, when a generator runs no
 *   code
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

  // A generator queues its calls. Without this, a `return` would take effect only after the waiting.
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
    possession.release = () => {
      inner.abandon();
    };
    try {
      progress.finished = { result: yield* inner };
    } finally {
      inner.stopWatching();
      // The generator was returned early, or failed. That decides the result, and not the loss of the lock.
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

/**
 * A generator as a part of the task that holds the lock. When the lock is lost, the generator is returned, and its
 * caller gets the error.
 */
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

  /** Runs one step. There is only one at a time, since the generator around this one queues its calls. */
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

  /**
   * Returns the source. If it is suspended, its `finally` blocks run at once, else when it comes to its next
   * `yield`.
   */
  private letFinish(): void {
    this.hold.run(() => this.inner.return(undefined)).catch(() => undefined);
  }
}

export function isAsyncGenerator(value: unknown): value is AnyAsyncGenerator {
  const { next, return: giveUp } = (value ?? {}) as Partial<AnyAsyncGenerator>;
  return typeof next === 'function' && typeof giveUp === 'function' && isAsyncIterable(value);
}

/** Ends an iterator that nobody reads. An iterator that is no generator may have subscribed to something already. */
export async function closeUnread(iterator: AnyAsyncGenerator): Promise<void> {
  try {
    await iterator.return(undefined);
  } catch {
    // Nobody is left to hear of an error.
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  const { [Symbol.asyncIterator]: iterate } = (value ?? {}) as Partial<AsyncIterable<unknown>>;
  return typeof iterate === 'function';
}
