import type { HttpExchange } from './http-exchange';
import type { LockedCall } from './locked-call';

/** A call that answers a request over HTTP: its client may go, its response may go on, and it has to answer when skipped. */
export function httpCall(
  call: LockedCall,
  exchange: HttpExchange | undefined,
  callerMayLeave: boolean,
): LockedCall {
  if (exchange === undefined) return call;
  const { onBusy, onUnavailable } = call;
  return {
    withLock: (task, leaving) => call.withLock(task, leaving),
    reenter: (lock) => call.reenter(lock),
    onLost: call.onLost,
    whenLeft: call.whenLeft,
    onBusy:
      onBusy === 'throw'
        ? onBusy
        : async (error) => exchange.skip(onBusy === 'skip' ? undefined : await onBusy(error)),
    onUnavailable:
      typeof onUnavailable === 'function'
        ? async (error) => exchange.skip(await onUnavailable(error))
        : onUnavailable,
    request: {
      watch: (onGone) => {
        exchange.watch(onGone);
      },
      stopsWaiting: callerMayLeave,
    },
    goesOn: (outcome) => both(call.goesOn?.(outcome), exchange.over(outcome)),
  };
}

function both(
  one: Promise<unknown> | undefined,
  other: Promise<unknown> | undefined,
): Promise<unknown> | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Promise.all([one, other]);
}
