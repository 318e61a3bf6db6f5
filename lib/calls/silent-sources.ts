import { from, NEVER, Observable } from 'rxjs';

/** The part of an RxJS Subscription that is read. The version of RxJS decides which of the two lists exists. */
export interface SubscriptionNode {
  closed: boolean;
  readonly _finalizers?: readonly unknown[] | null;
  /** The name of the list before rxjs 7.4. */
  readonly _teardowns?: readonly unknown[] | null;
}

/** An Observable without a source of its own. */
interface Source {
  readonly _subscribe: unknown;
}

/** The teardowns of a subscription, and the subscriptions that end with it. */
export function finalizersOf(node: SubscriptionNode): readonly unknown[] {
  return node._finalizers ?? node._teardowns ?? [];
}

/** Sources that registered no teardown, by their subscriber. A promise is such a source. */
const silentSources = new WeakMap<object, Source>();

/** The subscribers of `NEVER`. It registers no teardown either, and has nothing to stop. */
const ofNever = new WeakSet<object>();

export function isOfNever(subscriber: object): boolean {
  return ofNever.has(subscriber);
}

/** Tells if the source of that subscriber registered no teardown, whatever the operators on the way did. */
export function hasSilentSource(subscriber: object): boolean {
  return silentSources.has(subscriber);
}

/** Tells if the source of that subscriber is an async iterable. Such a source works between two values too. */
export function iterates(subscriber: object): boolean {
  return String(silentSources.get(subscriber)?._subscribe) === ITERATING;
}

/** The Observable that `from` makes of an async iterable has no class of its own, but always the same function. */
const ITERATING = String(
  (
    from({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
    }) as unknown as Source
  )._subscribe,
);

/**
 * rxjs starts every source in this method. Only here can the library see what the source itself registers:
 * `finalize`, `takeUntil`, `using` and others register at the same subscriber.
 */
const begin = Observable.prototype as unknown as {
  _trySubscribe: (this: unknown, sink: SubscriptionNode) => unknown;
};
const { _trySubscribe: trySubscribe } = begin;

begin._trySubscribe = function (sink) {
  const before = finalizersOf(sink).length;
  const teardown = trySubscribe.call(this, sink);
  if (this === NEVER) ofNever.add(sink);
  // A source that passes its subscriber on to another source, as `defer` does, is not the silent one.
  else if (
    teardown === undefined &&
    finalizersOf(sink).length === before &&
    !sink.closed &&
    !silentSources.has(sink)
  )
    silentSources.set(sink, this as Source);
  return teardown;
};
