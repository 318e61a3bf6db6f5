import { diag, metrics, trace, type Attributes } from '@opentelemetry/api';
import type { LockService } from '../lock.service';
import type { LockEvent } from '../locking/lock-event.interface';
import { ATTRIBUTE, SCOPE, type LockLabels } from './attributes';
import { checkTelemetryOptions } from './check-telemetry-options';
import { LockMeters } from './lock-meters';
import { LockSpans, type HoldSpan } from './lock-spans';
import type { InstrumentLocksOptions } from './lock-telemetry-options';
import { NodeGauge } from './node-gauge';

/** The part of a lock service that telemetry needs. */
export type InstrumentedLocks = Pick<LockService, 'events$' | 'inspect'>;

type HoldEnd = Extract<LockEvent, { type: 'released' | 'lost' }>;

/**
 * Reports what happens to the locks of a service to OpenTelemetry: spans for waiting and holding, and metrics. With a
 * `RedlockModule`, import `RedlockOpenTelemetryModule` in the place of calling this.
 *
 * Call it after the SDK is set up, and once per service. It ends with `locks.close()`.
 *
 * @returns ends it before that
 * @throws LockOptionsError with the option's name
 *
 * @example
 * const locks = createLockService({ nodes });
 * const stop = instrumentLocks(locks, { connection: 'billing' });
 */
export function instrumentLocks(locks: InstrumentedLocks, options: InstrumentLocksOptions = {}): () => void {
  checkTelemetryOptions(options);
  const telemetry = new LockTelemetry(locks, options);
  const subscription = locks.events$.subscribe({
    next: (event) => {
      telemetry.note(event);
    },
    complete: () => {
      telemetry.stop();
    },
  });
  return () => {
    subscription.unsubscribe();
    telemetry.stop();
  };
}

interface ObservedHold {
  readonly labels: LockLabels;
  readonly span: HoldSpan;
}

class LockTelemetry {
  private readonly connection: string;
  private readonly spans: LockSpans;
  private readonly meters: LockMeters;
  private readonly nodes: NodeGauge;
  /** By owner token. Each ends with its `released` or `lost`. */
  private readonly holds = new Map<string, ObservedHold>();

  constructor(
    locks: InstrumentedLocks,
    private readonly options: InstrumentLocksOptions,
  ) {
    const meter = (options.meterProvider ?? metrics).getMeter(SCOPE);
    this.connection = options.connection ?? 'default';
    this.spans = new LockSpans((options.tracerProvider ?? trace).getTracer(SCOPE));
    this.meters = new LockMeters(meter);
    this.nodes = new NodeGauge(meter, locks, this.connection);
  }

  /** Never throws: an error of a subscriber would end the process. */
  note(event: LockEvent): void {
    try {
      this.record(event);
    } catch (error) {
      diag.error(`${SCOPE}: the event '${event.type}' was not recorded`, error);
    }
  }

  stop(): void {
    this.nodes.stop();
    for (const { labels, span } of this.holds.values()) {
      this.meters.heldNoMore(labels);
      span.abandon();
    }
    this.holds.clear();
  }

  private record(event: LockEvent): void {
    switch (event.type) {
      case 'acquired': {
        const labels = this.labelsOf(event.resources);
        this.meters.acquired(labels, event.waitedMs);
        const span = this.spans.acquired(this.describe(event.resources, labels), event.waitedMs);
        this.holds.set(event.ownerToken, { labels, span });
        break;
      }
      case 'busy':
      case 'unavailable': {
        const labels = this.labelsOf(event.resources);
        this.meters[event.type](labels, event.waitedMs);
        this.spans[event.type](this.describe(event.resources, labels), event.waitedMs);
        break;
      }
      case 'extended': {
        const hold = this.holds.get(event.ownerToken);
        if (hold === undefined) break;
        this.meters.extended(hold.labels);
        hold.span.extended();
        break;
      }
      case 'released':
      case 'lost':
        this.recordEnd(event);
        break;
      case 'node-up':
      case 'node-down':
        this.nodes.set(event.node, event.type === 'node-up');
        break;
    }
  }

  private recordEnd(event: HoldEnd): void {
    const hold = this.holds.get(event.ownerToken);
    // Acquired before anybody looked.
    if (hold === undefined) return;
    this.holds.delete(event.ownerToken);
    const { labels, span } = hold;
    this.meters.heldNoMore(labels);
    if (event.type === 'lost') {
      this.meters.lost(labels, event.error.reason, event.heldMs);
      span.lost(event.error.reason, event.heldMs);
    } else {
      this.meters.released(labels, event.outcome, event.heldMs, event.validityMs);
      span.released(event.outcome, event.heldMs);
    }
  }

  private labelsOf(resources: readonly string[]): LockLabels {
    const group = this.groupOf(resources);
    return {
      [ATTRIBUTE.connection]: this.connection,
      ...(group === undefined ? {} : { [ATTRIBUTE.group]: group }),
    };
  }

  /** A lock counts also where the group of its resources cannot be told. */
  private groupOf(resources: readonly string[]): string | undefined {
    try {
      return this.options.resourceGroup?.(resources);
    } catch (error) {
      diag.warn(`${SCOPE}: resourceGroup threw`, error);
      return undefined;
    }
  }

  private describe(resources: readonly string[], labels: LockLabels): Attributes {
    return {
      ...labels,
      [ATTRIBUTE.resourceCount]: resources.length,
      ...(this.options.spanResources === true ? { [ATTRIBUTE.resources]: [...resources] } : {}),
    };
  }
}
