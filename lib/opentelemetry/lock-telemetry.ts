import { diag, metrics, trace, type Attributes } from '@opentelemetry/api';
import type { LockService } from '../service/lock.service';
import { NAMELESS } from '../service/lock-service-token';
import { systemClock } from '../system/system-clock';
import type { LockEvent } from '../locking/api/lock-event.interface';
import { ATTRIBUTE, SCOPE, type LockLabels } from './attributes';
import { LockMeters } from './lock-meters';
import { LockSpans, type HoldSpan } from './lock-spans';
import type { InstrumentLocksOptions } from './lock-telemetry-options';
import { MemoryGauge } from './memory-gauge';
import { NodeGauge } from './node-gauge';

type HoldEnd = Extract<LockEvent, { type: 'released' | 'detached' | 'lost' }>;

/**
 * The most groups. Each is about fifty time series. An application that makes a group per id must not fill the
 * memory of all systems that keep them (R18).
 */
const MOST_GROUPS = 100;

/** The group of the locks whose own group would be one too many. */
const OTHER_GROUPS = 'other';

const LONGEST_GROUP = 64;

/** The most resources that a span names. It always has their number. */
const MOST_SPAN_RESOURCES = 20;

interface ObservedHold {
  readonly labels: LockLabels;
  readonly span: HoldSpan;
}

/** Turns the events of one lock service into spans and metrics. */
export class LockTelemetry {
  private readonly connection: string;
  private readonly spans: LockSpans;
  private readonly meters: LockMeters;
  private readonly nodes: NodeGauge;
  private readonly guards: NodeGauge;
  private readonly refusals: NodeGauge;
  private readonly memory: MemoryGauge;
  private readonly groups = new Set<string | undefined>();
  /** The held locks by owner token. Each ends with a `released`, `detached` or `lost` event. */
  private readonly holds = new Map<string, ObservedHold[]>();

  constructor(
    locks: Pick<LockService, 'inspect'>,
    private readonly options: InstrumentLocksOptions,
  ) {
    const meter = (options.meterProvider ?? metrics).getMeter(SCOPE);
    this.connection = options.connection ?? NAMELESS;
    this.spans = new LockSpans((options.tracerProvider ?? trace).getTracer(SCOPE));
    this.meters = new LockMeters(meter);
    this.nodes = new NodeGauge(meter, locks, this.connection, {
      name: 'redlock.node.up',
      description: '1 if a lock node can be reached, otherwise 0.',
      read: ({ status }) => status === 'up',
    });
    this.guards = new NodeGauge(meter, locks, this.connection, {
      name: 'redlock.node.guarded',
      description: '1 if a lock node must not grant now, since it may have forgotten locks, otherwise 0.',
      read: ({ guarded }) => guarded !== undefined,
    });
    this.refusals = new NodeGauge(meter, locks, this.connection, {
      name: 'redlock.node.refusing',
      description: '1 if a lock node answers but refuses to grant or to release, otherwise 0.',
      read: ({ refusal }) => refusal !== undefined,
    });
    this.memory = new MemoryGauge(meter, locks, this.connection);
    if (options.resourceGroup === undefined) this.labelsOfGroup(undefined);
  }

  /** Records an event. It never throws: an error of a subscriber would end the process. */
  note(event: LockEvent): void {
    try {
      this.record(event);
    } catch (error) {
      diag.error(`${SCOPE}: the event '${event.type}' was not recorded`, error);
    }
  }

  stop(): void {
    this.nodes.stop();
    this.guards.stop();
    this.refusals.stop();
    this.memory.stop();
    for (const { labels, span } of [...this.holds.values()].flat()) {
      this.meters.heldNoMore(labels);
      span.abandon();
    }
    this.holds.clear();
  }

  private record(event: LockEvent): void {
    switch (event.type) {
      case 'acquired':
      case 'resumed': {
        const labels = this.labelsOf(event.resources);
        this.meters.acquired(labels, event.waitedMs, event.type);
        const attributes = { ...this.describe(event.resources, labels), [ATTRIBUTE.mode]: event.mode };
        const span = this.spans.acquired(attributes, event.waitedMs, event.type);
        // Readers of one process share an owner token.
        const others = this.holds.get(event.ownerToken);
        if (others === undefined) this.holds.set(event.ownerToken, [{ labels, span }]);
        else others.push({ labels, span });
        break;
      }
      case 'busy':
      case 'unavailable': {
        const labels = this.labelsOf(event.resources);
        const attributes = this.describe(event.resources, labels);
        this.meters[event.type](labels, event.waitedMs);
        if (event.type === 'busy')
          this.spans.busy({ ...attributes, [ATTRIBUTE.busyReason]: event.reason }, event.waitedMs);
        else this.spans.unavailable(attributes, event.waitedMs);
        break;
      }
      case 'extended': {
        const holds = this.holds.get(event.ownerToken);
        if (holds?.[0] === undefined) break;
        this.meters.extended(holds[0].labels);
        for (const { span } of holds) span.extended();
        break;
      }
      case 'released':
      case 'detached':
      case 'lost':
        this.recordEnd(event);
        break;
      case 'node-up':
      case 'node-down':
        this.nodes.set(event.node, event.type === 'node-up');
        break;
      case 'node-guarded':
      case 'node-trusted':
        this.guards.set(event.node, event.type === 'node-guarded');
        break;
      case 'node-refusing':
      case 'node-granting':
        this.refusals.set(event.node, event.type === 'node-refusing');
        break;
      case 'force-released':
      case 'node-warning':
        // These events are for the log.
        break;
    }
  }

  private recordEnd(event: HoldEnd): void {
    const holds = this.holds.get(event.ownerToken);
    const hold = holds && takeOne(holds, event.heldMs);
    // The lock was acquired before anybody observed the service.
    if (hold === undefined) return;
    if (holds?.length === 0) this.holds.delete(event.ownerToken);
    const { labels, span } = hold;
    this.meters.heldNoMore(labels);
    if (event.type === 'lost') {
      this.meters.lost(labels, event.error.reason, event.heldMs);
      span.lost(event.error.reason, event.heldMs);
    } else {
      const outcome = event.type === 'detached' ? event.type : event.outcome;
      this.meters.released(labels, outcome, event.heldMs, event.validityMs);
      span.released(outcome, event.heldMs);
    }
  }

  private labelsOf(resources: readonly string[]): LockLabels {
    return this.labelsOfGroup(this.groupOf(resources));
  }

  private labelsOfGroup(group: string | undefined): LockLabels {
    const isKnown = this.groups.has(group);
    const shown = isKnown || this.groups.size < MOST_GROUPS ? group : OTHER_GROUPS;
    const labels = {
      [ATTRIBUTE.connection]: this.connection,
      ...(shown === undefined ? {} : { [ATTRIBUTE.group]: shown }),
    };
    if (!isKnown && !this.groups.has(shown)) {
      this.groups.add(shown);
      this.meters.begin(labels);
    }
    return labels;
  }

  /** The group of a lock. A lock counts even if its group is unknown. */
  private groupOf(resources: readonly string[]): string | undefined {
    try {
      const group: unknown = this.options.resourceGroup?.(resources);
      return typeof group === 'string' ? group.slice(0, LONGEST_GROUP) : undefined;
    } catch (error) {
      diag.warn(`${SCOPE}: resourceGroup threw`, error);
      return undefined;
    }
  }

  private describe(resources: readonly string[], labels: LockLabels): Attributes {
    return {
      ...labels,
      [ATTRIBUTE.resourceCount]: resources.length,
      ...(this.options.spanResources === true
        ? { [ATTRIBUTE.resources]: resources.slice(0, MOST_SPAN_RESOURCES) }
        : {}),
    };
  }
}

/** Of the readers with the same owner token, takes the one that began at the same time as this one. */
function takeOne(holds: ObservedHold[], heldMs: number): ObservedHold | undefined {
  const beganAtMs = systemClock.wallNow() - heldMs;
  const distance = ({ span }: ObservedHold) => Math.abs(span.startedAtMs - beganAtMs);
  let nearest = 0;
  holds.forEach((hold, position) => {
    if (distance(hold) < distance(holds[nearest] as ObservedHold)) nearest = position;
  });
  return holds.splice(nearest, 1)[0];
}
