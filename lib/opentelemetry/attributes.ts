/** Name of the tracer and of the meter. */
export const SCOPE = 'nestjs-redlock';

/** A resource that nobody locks: nodes are asked for it, to hear of themselves. */
export const PROBE = 'nestjs-redlock:opentelemetry';

/** Attributes of spans and metrics; docs/MONITORING.md lists them. The owner token is in none. */
export const ATTRIBUTE = {
  connection: 'redlock.connection',
  group: 'redlock.resource.group',
  resources: 'redlock.resources',
  resourceCount: 'redlock.resource.count',
  outcome: 'redlock.outcome',
  reason: 'redlock.lost.reason',
  mode: 'redlock.mode',
  busyReason: 'redlock.busy.reason',
  extensions: 'redlock.extensions',
  node: 'redlock.node',
  errorType: 'error.type',
} as const;

/** Those that a lock has in metrics, where every value makes a time series. */
export type LockLabels = {
  readonly [ATTRIBUTE.connection]: string;
  readonly [ATTRIBUTE.group]?: string;
};
