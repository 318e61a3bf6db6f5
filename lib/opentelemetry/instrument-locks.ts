import { LockOptionsError } from '../errors/lock-options.error';
import type { LockService } from '../service/lock.service';
import { checkTelemetryOptions } from './check-telemetry-options';
import { LockTelemetry } from './lock-telemetry';
import type { InstrumentLocksOptions } from './lock-telemetry-options';

/** The part of a lock service that telemetry needs. */
export type InstrumentedLocks = Pick<LockService, 'events$' | 'inspect'> &
  Partial<Pick<LockService, 'callerEvents$'>>;

/**
 * Reports the locks of a service to OpenTelemetry: spans for waiting and holding, and metrics. With a
 * `RedlockModule`, import `RedlockOpenTelemetryModule` instead.
 *
 * Call it after the SDK is set up, and once per service. It ends with `locks.close()`.
 *
 * @returns a function that ends it earlier
 * @throws LockOptionsError for what is no lock service, and with the option's name
 *
 * @example
 * const locks = createLockService({ nodes });
 * const stop = instrumentLocks(locks, { connection: 'billing' });
 */
export function instrumentLocks(locks: InstrumentedLocks, options: InstrumentLocksOptions = {}): () => void {
  if (typeof (locks as Partial<InstrumentedLocks> | null | undefined)?.events$?.pipe !== 'function') {
    throw new LockOptionsError(
      'locks',
      'must be a lock service: instrumentLocks(createLockService({ nodes })). In a Nest application, import RedlockOpenTelemetryModule.forRoot().',
    );
  }
  checkTelemetryOptions(options);
  const telemetry = new LockTelemetry(locks, options);
  // A span finds its parent in the async context of the call.
  const subscription = (locks.callerEvents$ ?? locks.events$).subscribe({
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
