import { LockOptionsError } from '../errors/lock-options.error';
import { checkConnection } from '../service/lock-service-token';
import type { InstrumentLocksOptions, RedlockOpenTelemetryOptions } from './lock-telemetry-options';

const KNOWN = Object.keys({
  connection: true,
  resourceGroup: true,
  spanResources: true,
  tracerProvider: true,
  meterProvider: true,
} satisfies Record<keyof InstrumentLocksOptions, true>);

/**
 * Checks what the module takes in another way than `instrumentLocks`, to which it passes the rest.
 *
 * @throws LockOptionsError with the option's name
 */
export function checkModuleOptions(options: unknown): asserts options is RedlockOpenTelemetryOptions {
  checkObject(options);
  if ('connection' in options)
    throw new LockOptionsError(
      'connection',
      'is not an option of the module. Name the lock services in `connections`.',
    );
  checkConnections(options.connections);
}

function checkObject(options: unknown): asserts options is Record<string, unknown> {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new LockOptionsError('options', 'must be an object, such as { spanResources: true }.');
}

/** @throws LockOptionsError with the option's name */
export function checkTelemetryOptions(options: unknown): void {
  checkObject(options);
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) {
      throw new LockOptionsError(
        name,
        `is not an option of lock telemetry. Known options are: ${KNOWN.join(', ')}.`,
      );
    }
  }
  const { connection, resourceGroup, spanResources, tracerProvider, meterProvider } = options;
  if (connection !== undefined) checkConnection('connection', connection);
  if (resourceGroup !== undefined && typeof resourceGroup !== 'function') {
    throw new LockOptionsError('resourceGroup', 'must be a function of the resources of a lock.');
  }
  if (spanResources !== undefined && typeof spanResources !== 'boolean') {
    throw new LockOptionsError('spanResources', 'must be true or false.');
  }
  checkProvider('tracerProvider', tracerProvider, 'getTracer');
  checkProvider('meterProvider', meterProvider, 'getMeter');
}

function checkConnections(connections: unknown): void {
  if (connections === undefined) return;
  if (!Array.isArray(connections)) {
    throw new LockOptionsError('connections', `must be an array of names, such as ['default', 'billing'].`);
  }
  for (const name of connections as unknown[]) checkConnection('connections', name);
}

function checkProvider(option: string, provider: unknown, method: string): void {
  if (provider === undefined) return;
  if (typeof (provider as Record<string, unknown> | null)?.[method] === 'function') return;
  throw new LockOptionsError(option, `must be an OpenTelemetry provider, with a method ${method}.`);
}
