import { Logger } from '@nestjs/common';
import { LOGGER_CONTEXT } from './redlock.constants';

/** What was told already, per application: several objects have the same class, and several modules look. */
const told = new WeakMap<object, Set<string>>();

/** Warns in the log of Nest, unless this application was warned in the same words. */
export function warnOnce(application: object, warning: string): void {
  const warnings = told.get(application) ?? new Set();
  told.set(application, warnings);
  if (warnings.has(warning)) return;
  warnings.add(warning);
  new Logger(LOGGER_CONTEXT).warn(warning);
}
