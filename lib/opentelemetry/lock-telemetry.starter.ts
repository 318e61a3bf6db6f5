import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { LockOptionsError } from '../errors/lock-options.error';
import { connectionOfToken } from '../service/lock-service-token';
import { checkModuleOptions } from './check-telemetry-options';
import { instrumentLocks, type InstrumentedLocks } from './instrument-locks';
import type { RedlockOpenTelemetryOptions } from './lock-telemetry-options';

export const REDLOCK_TELEMETRY_OPTIONS = 'REDLOCK_TELEMETRY_OPTIONS';

/** Finds the lock services of the application when it starts, and reports them until they are closed. */
@Injectable()
export class LockTelemetryStarter implements OnModuleInit {
  constructor(
    @Inject(REDLOCK_TELEMETRY_OPTIONS) private readonly options: RedlockOpenTelemetryOptions,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  onModuleInit(): void {
    checkModuleOptions(this.options);
    const { connections, ...options } = this.options;
    const found = this.findServices();
    for (const connection of connections ?? found.keys()) {
      const locks = found.get(connection);
      if (locks === undefined) throw unknownConnection(connection, [...found.keys()]);
      // It ends with the service, since a shutdown still loses and releases locks.
      instrumentLocks(locks, { ...options, connection });
    }
  }

  private findServices(): Map<string, InstrumentedLocks> {
    const found = new Map<string, InstrumentedLocks>();
    for (const { providers } of this.modules.values()) {
      for (const [token, { instance }] of providers) {
        const connection = connectionOfToken(token);
        // A test may have replaced it by a mock, which has no events.
        const locks = instance as Partial<InstrumentedLocks> | null | undefined;
        if (connection !== undefined && locks?.events$ !== undefined)
          found.set(connection, locks as InstrumentedLocks);
      }
    }
    return found;
  }
}

function unknownConnection(name: string, known: readonly string[]): LockOptionsError {
  return new LockOptionsError(
    'connections',
    `has ${JSON.stringify(name)}, but the lock services of this application are: ${known.join(', ') || 'none'}.`,
  );
}
