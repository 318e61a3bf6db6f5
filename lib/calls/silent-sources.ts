import { from, NEVER, Observable } from 'rxjs';

/** The part of an RxJS Subscription that is looked at. Which of its two lists is there depends on the version. */
export interface SubscriptionNode {
  closed: boolean;
  readonly _finalizers?: readonly unknown[] | null;
  /** Its name before rxjs 7.4. */
  readonly _teardowns?: readonly unknown[] | null;
}

/** An Observable that has no source of its own. */
interface Source {
  readonly _subscribe: unknown;
}

/** What is called when a subscription ends, and subscriptions that end with it. */
export function finalizersOf(node: SubscriptionNode): readonly unknown[] {
  return node._finalizers ?? node._teardowns ?? [];
}

/** By its subscriber: a source that has registered nothing to be stopped with, as a promise has not. */
const silentSources = new WeakMap<object, Source>();

/** The subscribers of `NEVER`. It registers nothing either, and has nothing to stop. */
const ofNever = new WeakSet<object>();

export function isOfNever(subscriber: object): boolean {
  return ofNever.has(subscriber);
}

/** Whether the source of that subscriber has registered nothing, whatever operators on the way have. */
export function hasSilentSource(subscriber: object): boolean {
  return silentSources.has(subscriber);
}

/** Whether the source of that subscriber is an async iterable: it is at work between two values too. */
export function iterates(subscriber: object): boolean {
  return String(silentSources.get(subscriber)?._subscribe) === ITERATING;
}

/** What `from` makes of an async iterable has no class of its own, but always the same function. */
const ITERATING = String(
  (
    from({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
    }) as unknown as Source
  )._subscribe,
);

/**
 * rxjs begins every source here, and nowhere else can be seen what the source itself registers: `finalize`, `takeUntil`,
 * `using` and others register at the same subscriber.
 */
const begin = Observable.prototype as unknown as {
  _trySubscribe: (this: unknown, sink: SubscriptionNode) => unknown;
};
const { _trySubscribe: trySubscribe } = begin;

begin._trySubscribe = function (sink) {
  const before = finalizersOf(sink).length;
  const teardown = trySubscribe.call(this, sink);
  if (this === NEVER) ofNever.add(sink);
  // A source that passes its subscriber on to another one, as `defer` does, is not what that is subscribed to.
  else if (
    teardown === undefined &&
    finalizersOf(sink).length === before &&
    !sink.closed &&
    !silentSources.has(sink)
  )
    silentSources.set(sink, this as Source);
  return teardown;
};
