import { Logger } from '@nestjs/common';
import { LOGGER_CONTEXT } from './redlock.constants';

/** The warnings so far, per application: several objects have the same class, and several modules check. */
const told = new WeakMap<object, Set<string>>();

/** Warns in the log of Nest, unless this application had the same warning before. */
export function warnOnce(application: object, warning: string): void {
  const warnings = told.get(application) ?? new Set();
  told.set(application, warnings);
  if (warnings.has(warning)) return;
  warnings.add(warning);
  new Logger(LOGGER_CONTEXT).warn(warning);
}
