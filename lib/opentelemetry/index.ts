export { instrumentLocks } from './instrument-locks';
export type { InstrumentedLocks } from './instrument-locks';
export { RedlockOpenTelemetryModule } from './redlock-opentelemetry.module';
export type {
  InstrumentLocksOptions,
  LockTelemetryOptions,
  RedlockOpenTelemetryOptions,
} from './lock-telemetry-options';
