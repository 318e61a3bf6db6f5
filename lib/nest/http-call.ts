import type { HttpExchange } from './http-exchange';
import { NO_RESULT, type LockedCall } from '../calls/locked-call';
import type { Lock } from '../locking/api/lock.interface';
import type { SseHead } from './sse-head';

/**
 * Makes a call that answers a request over HTTP. Its client may leave, its response may go on after the handler,
 * and a skipped call needs an answer.
 */
export function httpCall(
  call: LockedCall,
  exchange: HttpExchange | undefined,
  callerMayLeave: boolean,
): LockedCall {
  if (exchange === undefined) return call;
  const { onBusy, onUnavailable } = call;
  const skip = async (instead: unknown) => {
    const body = await exchange.skip(instead);
    // A skipped handler of server-sent events sends no event.
    return body === undefined && exchange.sendsEvents ? NO_RESULT : body;
  };
  return {
    withLock: (task, leaving) => withHeadHeld(call, exchange.head, task, leaving),
    reenter: (lock) => call.reenter(lock),
    onLost: call.onLost,
    whenLeft: call.whenLeft,
    onBusy:
      onBusy === 'throw'
        ? onBusy
        : async (error) => skip(onBusy === 'skip' ? undefined : await onBusy(error)),
    onUnavailable:
      typeof onUnavailable === 'function' ? async (error) => skip(await onUnavailable(error)) : onUnavailable,
    request: {
      watch: (onGone) => {
        exchange.watch(onGone);
        return undefined;
      },
      stopsWaiting: callerMayLeave,
    },
    goesOn: (outcome) => both(call.goesOn?.(outcome), exchange.over(outcome)),
  };
}

/** The begin of the response waits for the lock. Without this, Nest would send it at once. */
async function withHeadHeld<T>(
  call: LockedCall,
  head: SseHead | undefined,
  task: (lock: Lock) => Promise<T>,
  leaving: AbortSignal | undefined,
): Promise<T> {
  if (head === undefined) return call.withLock(task, leaving);
  const progress = { isThere: false };
  head.begin();
  try {
    return await call.withLock((lock) => {
      progress.isThere = true;
      head.granted();
      return task(lock);
    }, leaving);
  } catch (error) {
    if (!progress.isThere) head.refused(error);
    throw error;
  }
}

function both(
  one: Promise<unknown> | undefined,
  other: Promise<unknown> | undefined,
): Promise<unknown> | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Promise.all([one, other]);
}
