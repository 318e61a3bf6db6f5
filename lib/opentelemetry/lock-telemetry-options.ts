import type { MeterProvider, TracerProvider } from '@opentelemetry/api';

/** Options for the spans and metrics of locks. */
export interface LockTelemetryOptions {
  /**
   * Sorts locks into a few groups, such as `order` for `order:7`: the attribute `redlock.resource.group` of spans
   * and metrics. Return undefined for none. The function gets all resources of a lock, sorted.
   *
   * Each group is a time series of its own in every metric. So there should be tens of groups and not thousands:
   * never an id, and nothing that a client chooses. The locks of all groups after the first 100 are counted as
   * `other`, and the name of a group is cut to 64 characters.
   *
   * @default no groups
   * @example `resourceGroup: ([first]) => first?.split(':')[0]`
   */
  resourceGroup?: ((resources: readonly string[]) => string | undefined) | undefined;

  /**
   * With true, spans have the names of the resources, at most 20, in `redlock.resources`. It is off, since a
   * resource may name a person, and traces are stored in many places. Metrics never have the names.
   *
   * @default false
   */
  spanResources?: boolean | undefined;

  /**
   * The provider of the tracer.
   *
   * @default the global one, as the OpenTelemetry SDK registered it
   */
  tracerProvider?: TracerProvider | undefined;

  /**
   * The provider of the meter.
   *
   * @default the global one, as the OpenTelemetry SDK registered it when this is called
   */
  meterProvider?: MeterProvider | undefined;
}

/** Options of `instrumentLocks`. */
export interface InstrumentLocksOptions extends LockTelemetryOptions {
  /**
   * A name that tells several lock services apart: the attribute `redlock.connection`.
   *
   * @default 'default'
   */
  connection?: string | undefined;
}

/** Options of `RedlockOpenTelemetryModule`. */
export interface RedlockOpenTelemetryOptions extends LockTelemetryOptions {
  /**
   * The names of the lock services to report; `'default'` is the one without a name.
   *
   * @default all of the application
   */
  connections?: readonly string[] | undefined;
}
