import { context, SpanStatusCode, type Attributes, type Span, type Tracer } from '@opentelemetry/api';
import { systemClock } from '../system/system-clock';
import { ATTRIBUTE } from './attributes';

/**
 * The spans of locks. An event is reported in the async context of the code that asked for the lock. So the span
 * that is active there becomes the parent, as if the new span had been opened at the call.
 */
export class LockSpans {
  constructor(private readonly tracer: Tracer) {}

  acquired(attributes: Attributes, waitedMs: number, outcome: 'acquired' | 'resumed'): HoldSpan {
    const nowMs = systemClock.wallNow();
    this.openAcquire(attributes, outcome, nowMs - waitedMs).end(nowMs);
    const span = this.tracer.startSpan('redlock hold', { attributes, startTime: nowMs }, context.active());
    return new HoldSpan(span, nowMs);
  }

  /** A busy lock is no error of the span. The caller decides what it means. */
  busy(attributes: Attributes, waitedMs: number): void {
    const nowMs = systemClock.wallNow();
    this.openAcquire(attributes, 'busy', nowMs - waitedMs).end(nowMs);
  }

  unavailable(attributes: Attributes, waitedMs: number): void {
    const nowMs = systemClock.wallNow();
    const span = this.openAcquire(attributes, 'unavailable', nowMs - waitedMs);
    fail(span, 'LOCK_UNAVAILABLE', 'too few nodes answered');
    span.end(nowMs);
  }

  private openAcquire(attributes: Attributes, outcome: string, startTime: number): Span {
    const all = { ...attributes, [ATTRIBUTE.outcome]: outcome };
    return this.tracer.startSpan('redlock acquire', { attributes: all, startTime }, context.active());
  }
}

/** The span from the grant of a lock to its end. */
export class HoldSpan {
  private extensions = 0;

  constructor(
    private readonly span: Span,
    readonly startedAtMs: number,
  ) {}

  extended(): void {
    this.extensions += 1;
  }

  released(outcome: string, heldMs: number): void {
    this.end(outcome, this.startedAtMs + heldMs);
  }

  /** Records the loss without the error's message, which names the resources. */
  lost(reason: string, heldMs: number): void {
    fail(this.span, 'LOCK_LOST', `the lock was lost: ${reason}`);
    this.span.setAttribute(ATTRIBUTE.reason, reason);
    this.end('lost', this.startedAtMs + heldMs);
  }

  /** Ends the span, since the end of the lock is not observed any more. */
  abandon(): void {
    this.end('unobserved', systemClock.wallNow());
  }

  private end(outcome: string, endTime: number): void {
    this.span.setAttributes({ [ATTRIBUTE.outcome]: outcome, [ATTRIBUTE.extensions]: this.extensions });
    this.span.end(endTime);
  }
}

function fail(span: Span, errorType: string, message: string): void {
  span.setAttribute(ATTRIBUTE.errorType, errorType);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
