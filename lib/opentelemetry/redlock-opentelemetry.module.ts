import { Module, type DynamicModule } from '@nestjs/common';
import type { RedlockOpenTelemetryOptions } from './lock-telemetry-options';
import { LockTelemetryStarter, REDLOCK_TELEMETRY_OPTIONS } from './lock-telemetry.starter';

/**
 * Reports the locks of an application to OpenTelemetry: spans for waiting and holding, and metrics. Import it beside
 * `RedlockModule`. It starts with the application and ends when the lock services are closed.
 */
@Module({})
export class RedlockOpenTelemetryModule {
  /**
   * @throws LockOptionsError when the application starts, for a connection that it does not have
   *
   * @example `RedlockOpenTelemetryModule.forRoot({ resourceGroup: ([first]) => first?.split(':')[0] })`
   */
  static forRoot(options: RedlockOpenTelemetryOptions = {}): DynamicModule {
    return {
      module: RedlockOpenTelemetryModule,
      providers: [{ provide: REDLOCK_TELEMETRY_OPTIONS, useValue: options }, LockTelemetryStarter],
    };
  }
}
