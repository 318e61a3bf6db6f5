/** The name of the tracer and of the meter. */
export const SCOPE = 'nestjs-redlock';

/** A resource that nobody locks. Nodes are inspected with it to learn their state. */
export const PROBE = 'nestjs-redlock:opentelemetry';

/** The attributes of spans and metrics; docs/MONITORING.md lists them. None of them has the owner token. */
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

/** The attributes of a lock in metrics, where every value makes a time series. */
export type LockLabels = {
  readonly [ATTRIBUTE.connection]: string;
  readonly [ATTRIBUTE.group]?: string;
};
