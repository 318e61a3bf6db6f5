import type { Subscriber } from 'rxjs';
import { finalizersOf, hasSilentSource, isOfNever, iterates, type SubscriptionNode } from './silent-sources';

type Rest = () => Promise<unknown> | undefined;

const rests = new WeakMap<object, Rest>();

/**
 * Marks a teardown that does not end all of its work.
 *
 * @param rest returns the work that goes on after the teardown was called; undefined if there is none
 */
export function leavesBehind(teardown: () => void, rest: Rest): () => void {
  rests.set(teardown, rest);
  return teardown;
}

/**
 * Unsubscribes. Returns a promise for the end of the work that goes on all the same; undefined if there is none.
 *
 * rxjs cannot stop a promise: it closes the subscriber, and the promise goes on without one. rxjs does not tell
 * that either. So this function looks through the tree of subscribers. An open subscriber whose source has
 * registered no teardown belongs to such a promise. The promise has ended when the source looks at its subscriber
 * again.
 *
 * A source that registered a teardown is believed to stop with it. The library cannot know what it does on another
 * machine.
 *
 * @param hasSent true if the source has sent a value. A source that did and goes on is no promise, whatever it
 *   registered, but it may be an async iterable
 */
export function cutOff(root: Subscriber<unknown>, hasSent: boolean): Promise<unknown> | undefined {
  const found: Found = { silent: new Set(), rests: [] };
  const node = root as unknown as SubscriptionNode;
  collect(node, found);
  if (hasSent && !iterates(node)) found.silent.delete(node);
  root.unsubscribe();
  const over = [
    ...Array.from(found.silent, whenHeardOf),
    ...found.rests.map((rest) => rest()).filter((rest) => rest !== undefined),
  ];
  return over.length === 0 ? undefined : Promise.allSettled(over);
}

interface Found {
  /** Open subscribers whose source has no teardown. */
  readonly silent: Set<SubscriptionNode>;
  readonly rests: Rest[];
}

function collect(node: SubscriptionNode, found: Found): void {
  const finalizers = finalizersOf(node);
  // With another copy of RxJS, it is only visible that there is no teardown at all.
  if ((finalizers.length === 0 || hasSilentSource(node)) && isOpenSubscriber(node)) found.silent.add(node);
  for (const finalizer of finalizers) {
    if (typeof finalizer === 'function') {
      const rest = rests.get(finalizer);
      if (rest !== undefined) found.rests.push(rest);
    } else if (typeof finalizer === 'object' && finalizer !== null) {
      collect(finalizer as SubscriptionNode, found);
    }
  }
}

/**
 * Tells if a subscription is an open subscriber. Other subscriptions are timers or entries in lists, which end by
 * themselves.
 */
function isOpenSubscriber(node: SubscriptionNode): boolean {
  return (
    typeof (node as Partial<Subscriber<unknown>>).next === 'function' && !node.closed && !isOfNever(node)
  );
}

/** When nobody can call a subscriber any more, its source will never end. */
const forgotten = new FinalizationRegistry<() => void>((settle) => {
  settle();
});

/**
 * Resolves when the source looks at its subscriber. A promise that settles reads `closed`, or calls `error`; other
 * sources call `next`.
 */
function whenHeardOf(subscriber: SubscriptionNode): Promise<void> {
  return new Promise((settle) => {
    const hear = { value: settle, configurable: true };
    Object.defineProperties(subscriber, {
      next: hear,
      error: hear,
      complete: hear,
      closed: {
        configurable: true,
        get() {
          settle();
          return true;
        },
      },
    });
    forgotten.register(subscriber, settle);
  });
}
