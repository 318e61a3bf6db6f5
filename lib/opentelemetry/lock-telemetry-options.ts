import type { MeterProvider, TracerProvider } from '@opentelemetry/api';

/** What spans and metrics tell of locks, and where they go. */
export interface LockTelemetryOptions {
  /**
   * Sorts locks into a few groups, such as `order` for `order:7`: the attribute `redlock.resource.group` of spans and
   * metrics. Return undefined for none.
   *
   * Each group is a time series of its own in every metric, so there should be tens of them and not thousands: never an
   * id, and nothing that a client chooses. The locks of all groups after the first 100 are counted as `other`, and a
   * group is cut to 64 characters. Gets all resources of a lock, sorted.
   *
   * @default no groups
   * @example `resourceGroup: ([first]) => first?.split(':')[0]`
   */
  resourceGroup?: (resources: readonly string[]) => string | undefined;

  /**
   * Whether spans carry the names of what is locked, 20 at most, in `redlock.resources`. Off, because a resource may name a person,
   * and traces travel far. Metrics never carry them.
   *
   * @default false
   */
  spanResources?: boolean;

  /** @default the global one, as the OpenTelemetry SDK registered it */
  tracerProvider?: TracerProvider;

  /** @default the global one, as the OpenTelemetry SDK registered it when this is called */
  meterProvider?: MeterProvider;
}

/** Options of `instrumentLocks`. */
export interface InstrumentLocksOptions extends LockTelemetryOptions {
  /**
   * Tells several lock services apart: the attribute `redlock.connection`.
   *
   * @default 'default'
   */
  connection?: string;
}

/** Options of `RedlockOpenTelemetryModule`. */
export interface RedlockOpenTelemetryOptions extends LockTelemetryOptions {
  /**
   * The names of the lock services to report; `'default'` is the one without a name.
   *
   * @default all of the application
   */
  connections?: readonly string[];
}
