import { NEVER, type Subscriber } from 'rxjs';

/** The part of an RxJS Subscription that this file looks at. Which of its two lists is there depends on the version. */
interface Node {
  closed: boolean;
  readonly _finalizers?: readonly unknown[] | null;
  /** Its name before rxjs 7.4. */
  readonly _teardowns?: readonly unknown[] | null;
}

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
 * either, so the tree of subscribers is looked at: one that is open and has registered nothing to be stopped with has
 * such a source. It is heard of when the source looks at its subscriber again.
 *
 * What registered something is believed to stop with it. What it does on a far machine, nobody here can know.
 *
 * @param hasSent the source has sent a value: one that did and goes on is no promise, whatever it registered
 */
export function cutOff(root: Subscriber<unknown>, hasSent: boolean): Promise<unknown> | undefined {
  const found: Found = { silent: new Set(), rests: [] };
  collect(root as unknown as Node, found);
  if (hasSent) found.silent.delete(root as unknown as Node);
  root.unsubscribe();
  const over = [
    ...Array.from(found.silent, whenHeardOf),
    ...found.rests.map((rest) => rest()).filter((rest) => rest !== undefined),
  ];
  return over.length === 0 ? undefined : Promise.allSettled(over);
}

interface Found {
  /** Open subscribers that have nothing to be stopped with. */
  readonly silent: Set<Node>;
  readonly rests: Rest[];
}

function collect(node: Node, found: Found): void {
  const finalizers = node._finalizers ?? node._teardowns ?? [];
  if (finalizers.length === 0 && isOpenSubscriber(node)) found.silent.add(node);
  for (const finalizer of finalizers) {
    if (typeof finalizer === 'function') {
      const rest = rests.get(finalizer);
      if (rest !== undefined) found.rests.push(rest);
    } else if (typeof finalizer === 'object' && finalizer !== null) {
      collect(finalizer as Node, found);
    }
  }
}

/** A Subscription that is none is a timer or a place in a list: it has its own way to end. */
function isOpenSubscriber(node: Node): boolean {
  return (
    typeof (node as Partial<Subscriber<unknown>>).next === 'function' && !node.closed && !ofNever.has(node)
  );
}

/** One that nobody can call any more was of a source that will never come to an end. */
const forgotten = new FinalizationRegistry<() => void>((settle) => {
  settle();
});

/** A promise that settles asks whether its subscriber is closed, or tells it of its error; others call it with a value. */
function whenHeardOf(subscriber: Node): Promise<void> {
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

/** The subscribers of `NEVER`. It registers nothing, so that from outside it looks like a promise. */
const ofNever = new WeakSet<object>();

(NEVER as unknown as { _subscribe: (subscriber: object) => void })._subscribe = (subscriber) => {
  ofNever.add(subscriber);
};
