import type { Subscriber } from 'rxjs';
import { finalizersOf, hasSilentSource, isOfNever, iterates, type SubscriptionNode } from './silent-sources';

type Rest = () => Promise<unknown> | undefined;

const rests = new WeakMap<object, Rest>();

/**
 * Makes a teardown known that leaves work behind.
 *
 * @param rest what goes on after the teardown was called; undefined when nothing does
 */
export function leavesBehind(teardown: () => void, rest: Rest): () => void {
  rests.set(teardown, rest);
  return teardown;
}

/**
 * Unsubscribes, and says when that which goes on all the same is over; undefined when nothing does.
 *
 * rxjs cannot stop a promise: it closes the subscriber, and the promise goes on without one. It does not tell about it
 * either, so the tree of subscribers is looked at: one that is open and whose source has registered nothing to be stopped
 * with has such a source. It is heard of when the source looks at its subscriber again.
 *
 * What registered something is believed to stop with it. What it does on a far machine, nobody here can know.
 *
 * @param hasSent the source has sent a value: one that did and goes on is no promise, whatever it registered, but it may be an
 * async iterable
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
  /** Open subscribers that have nothing to be stopped with. */
  readonly silent: Set<SubscriptionNode>;
  readonly rests: Rest[];
}

function collect(node: SubscriptionNode, found: Found): void {
  const finalizers = finalizersOf(node);
  // Of a source of another copy of RxJS is only seen that nobody has registered anything.
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

/** A Subscription that is none is a timer or a place in a list: it has its own way to end. */
function isOpenSubscriber(node: SubscriptionNode): boolean {
  return (
    typeof (node as Partial<Subscriber<unknown>>).next === 'function' && !node.closed && !isOfNever(node)
  );
}

/** One that nobody can call any more was of a source that will never come to an end. */
const forgotten = new FinalizationRegistry<() => void>((settle) => {
  settle();
});

/** A promise that settles asks whether its subscriber is closed, or tells it of its error; others call it with a value. */
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
