import { Observable, type Subscriber } from 'rxjs';
import { cutOff } from './cut-off';

/**
 * The rule for an Observable whose caller leaves:
 * - `stop`: it is unsubscribed
 * - `finish`: it goes on to its end
 * - `finish-first`: it goes on to its first value. If it goes on after that, it is a stream, and is stopped
 */
export type WhenLeft = 'stop' | 'finish' | 'finish-first';

/** The work of an Observable for a subscriber that may leave before its end. */
export class PipedWork {
  /**
   * Settles when nothing of it runs any more: it has ended, or it was stopped and the parts that cannot be stopped
   * are over too. Rejects with the error of the source.
   */
  readonly over: Promise<void>;
  /** The last value. */
  last: unknown;
  /** True if it has sent a value. */
  hasSent = false;

  private readonly settle: () => void;
  private readonly fail: (error: unknown) => void;
  private root: Subscriber<unknown> | undefined;
  private hasLeft = false;
  private isStopped = false;

  constructor(
    private readonly whenLeft: WhenLeft,
    private readonly send: (value: unknown) => void,
  ) {
    let settle!: () => void;
    let fail!: (error: unknown) => void;
    this.over = new Promise((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
    this.settle = settle;
    this.fail = fail;
  }

  start(source: Observable<unknown>): void {
    new Observable<unknown>((root) => {
      // The root is set before the source begins: a source that sends at once may be stopped by its first value.
      this.root = root;
      return source.subscribe(root);
    }).subscribe({ next: this.onNext, error: this.fail, complete: this.settle });
  }

  /** Notes that the caller has left. */
  leave(): void {
    if (this.hasLeft) return;
    this.hasLeft = true;
    if (this.whenLeft === 'stop' || (this.whenLeft === 'finish-first' && this.hasSent)) this.stop();
  }

  /** Ends the work with `reason`, since it does not matter any more. */
  abort(reason: unknown): void {
    this.fail(reason);
    this.root?.unsubscribe();
  }

  private readonly onNext = (value: unknown): void => {
    this.hasSent = true;
    this.last = value;
    this.send(value);
    if (this.hasLeft && this.whenLeft === 'finish-first') {
      // A single answer ends in the same turn. So the stop comes after that turn.
      queueMicrotask(() => {
        this.stop();
      });
    }
  };

  private stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    try {
      const rest = this.root && cutOff(this.root, this.hasSent);
      if (rest === undefined) this.settle();
      else void rest.then(this.settle);
    } catch (error) {
      // A teardown of the source threw.
      this.fail(error);
    }
  }
}
