import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { refuseBareModule } from '../service/bare-module';
import type { RedlockOpenTelemetryOptions } from './lock-telemetry-options';
import { LockTelemetryStarter, REDLOCK_TELEMETRY_OPTIONS } from './lock-telemetry.starter';

/**
 * Reports the locks of an application to OpenTelemetry: spans for waiting and holding, and metrics. Import it beside
 * `RedlockModule`. It starts with the application and ends when the lock services are closed.
 */
@Module({})
export class RedlockOpenTelemetryModule implements OnModuleInit {
  /** @internal */
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  /**
   * Fails if the class itself was imported.
   *
   * @internal
   */
  onModuleInit(): void {
    refuseBareModule(
      this.modules,
      REDLOCK_TELEMETRY_OPTIONS,
      'RedlockOpenTelemetryModule',
      'is imported without forRoot(), so nothing would be reported. Import RedlockOpenTelemetryModule.forRoot().',
    );
  }

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
