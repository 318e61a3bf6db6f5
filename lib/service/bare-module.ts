import { LockOptionsError } from '../errors/lock-options.error';

/** The part of Nest's `ModulesContainer` that is used. */
interface Modules {
  values(): Iterable<{ readonly providers: { has(token: never): boolean } }>;
}

/**
 * Fails if a module was imported as its class alone, without its `forRoot()`: it has no providers then, and would do
 * nothing without a word. Such an import adds nothing to an application that has the whole module elsewhere, and does
 * no harm there.
 *
 * @param token a provider that only the whole module has
 * @param name the class of the module
 * @param problem what its user should read: what is missing, and what to import
 */
export function refuseBareModule(modules: Modules, token: unknown, name: string, problem: string): void {
  for (const { providers } of modules.values()) if (providers.has(token as never)) return;
  throw new LockOptionsError(name, problem);
}
