import type { ServerResponse } from 'node:http';
import { LockError } from '../errors/lock.error';
import { secondsOf } from './filters/lock-answers';
import { answerTo, bodyOf } from './filters/lock-error-body';
import { systemClock } from '../system/system-clock';

/** The methods that begin a response. */
type Held = Record<'writeHead' | 'write' | 'end' | 'flushHeaders', (...args: unknown[]) => unknown>;

const heads = new WeakMap<ServerResponse, SseHead>();

/**
 * The begin of a response of server-sent events. It is held back until the lock of its handler is there. Nest
 * sends the head at once (up to Nest 10, before any interceptor runs). A client that has a 200 cannot learn that
 * the lock is busy: its EventSource would connect again for ever.
 */
export class SseHead {
  private readonly own = new Map<string, PropertyDescriptor | undefined>();
  private readonly response: Held;
  private head: unknown[] | undefined;
  private isFlushed = false;
  /** The first text that Nest writes. */
  private first: unknown[] | undefined;
  private isHeld = true;
  private pending = 0;
  private refusal: LockError | undefined;

  static hold(raw: ServerResponse): void {
    if (!raw.headersSent && !heads.has(raw)) heads.set(raw, new SseHead(raw));
  }

  static isOf(raw: ServerResponse): boolean {
    return heads.has(raw);
  }

  static of(raw: ServerResponse): SseHead | undefined {
    const head = heads.get(raw);
    return head?.isHeld === true ? head : undefined;
  }

  private constructor(private readonly raw: ServerResponse) {
    this.response = raw as unknown as Held;
    const { write, end } = this.response;
    this.put('writeHead', (...args) => {
      this.head = args;
      return raw;
    });
    this.put('flushHeaders', () => {
      this.isFlushed = true;
    });
    this.put('write', (...args) => {
      if (this.head !== undefined && this.first === undefined && String(args[0]).trim() === '') {
        this.first = args;
        return true;
      }
      if (this.refusal !== undefined && String(args[0]).startsWith('event: error')) {
        this.refuse(this.refusal);
        return true;
      }
      this.open();
      return write.apply(raw, args);
    });
    this.put('end', (...args) => {
      this.open();
      return end.apply(raw, args);
    });
    // Code asks this if it may still answer. Nest may not, once it has given a head.
    this.keepOwn('headersSent');
    Object.defineProperty(raw, 'headersSent', { get: () => this.head !== undefined, configurable: true });
  }

  /** Notes that the handler waits for a lock. */
  begin(): void {
    this.pending += 1;
  }

  /** Notes that it has the lock. It may wait for more locks, which begin before the next turn of the event loop. */
  granted(): void {
    this.pending -= 1;
    systemClock.schedule(0, () => {
      if (this.pending === 0) this.open();
    });
  }

  /** Notes that it gets no lock. Interceptors may change the error, so the answer is made when the error is sent. */
  refused(error: unknown): void {
    this.pending -= 1;
    if (error instanceof LockError) this.refusal = error;
  }

  private open(): void {
    if (!this.isHeld) return;
    this.letGo();
    if (this.head !== undefined) this.response.writeHead.apply(this.raw, this.head);
    if (this.isFlushed) this.response.flushHeaders.call(this.raw);
    if (this.first !== undefined) this.response.write.apply(this.raw, this.first);
  }

  /** Answers as the exception filter does. Without this, Nest would send the error as an event. */
  private refuse(error: LockError): void {
    this.letGo();
    const { raw } = this;
    const answer = answerTo(error);
    raw.statusCode = answer.statusCode;
    raw.setHeader('Content-Type', 'application/json; charset=utf-8');
    if (answer.retryAfter !== false) raw.setHeader('Retry-After', String(secondsOf(answer.retryAfter)));
    raw.end(JSON.stringify(bodyOf(error.code, answer)));
    // Nobody hears what the stream sends after this.
    this.put('write', () => true);
    this.put('end', () => raw);
  }

  private letGo(): void {
    this.isHeld = false;
    for (const [name, descriptor] of this.own) {
      if (descriptor === undefined) Reflect.deleteProperty(this.raw, name);
      else Object.defineProperty(this.raw, name, descriptor);
    }
  }

  private put(name: keyof Held, method: (...args: unknown[]) => unknown): void {
    this.keepOwn(name);
    Object.defineProperty(this.raw, name, { value: method, writable: true, configurable: true });
  }

  private keepOwn(name: string): void {
    if (!this.own.has(name)) this.own.set(name, Object.getOwnPropertyDescriptor(this.raw, name));
  }
}
