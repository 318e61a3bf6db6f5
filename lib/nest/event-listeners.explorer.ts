import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { LockError } from '../errors/lock.error';
import { LOGGER_CONTEXT } from './redlock.constants';

type Listener = (...args: unknown[]) => unknown;
type Register = (event: unknown, listener: Listener, options: unknown) => unknown;

/** The part of `@nestjs/event-emitter` that makes listeners of `@OnEvent` methods, in all of its versions. */
interface ListenerLoader {
  getRegisterListenerMethodBasedOn(options: unknown): Register;
}

/**
 * Makes sure that a lock error in a listener does not end the process. `emit` ignores results, so nobody handles
 * the rejection of a listener with `suppressErrors: false`, and Node ends a process for that. Lock errors are
 * logged instead; `emitAsync` rejects as before. Other errors are handled as the application chose.
 */
@Injectable()
export class EventListenersExplorer implements OnModuleInit {
  private readonly logger = new Logger(LOGGER_CONTEXT);

  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  /** Nest makes the listeners later, when the application bootstraps. */
  onModuleInit(): void {
    for (const { providers } of this.modules.values()) {
      for (const { instance } of providers.values()) {
        if (isListenerLoader(instance) && !watched.has(instance)) this.watch(instance);
      }
    }
  }

  private watch(loader: ListenerLoader): void {
    watched.add(loader);
    const original = loader.getRegisterListenerMethodBasedOn.bind(loader);
    loader.getRegisterListenerMethodBasedOn = (options) => {
      const register = original(options);
      return (event, listener, given) => register(event, (...args) => this.handled(listener(...args)), given);
    };
  }

  /** Returns the result unchanged. A lock error in it has a handler now, even if the emitter ignores it. */
  private handled(outcome: unknown): unknown {
    if (!(outcome instanceof Promise)) return outcome;
    const same = new Promise((resolve, reject) => {
      outcome.then(resolve, (error: unknown) => {
        if (error instanceof LockError) {
          same.catch(() => {
            this.logger.error(error.message, error.stack);
          });
        }
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- whatever it was
        reject(error);
      });
    });
    return same;
  }
}

/** The loaders that are wrapped already. If an application has several RedlockModules, one of them wraps them. */
const watched = new WeakSet<ListenerLoader>();

function isListenerLoader(instance: unknown): instance is ListenerLoader {
  if (typeof instance !== 'object' || instance === null) return false;
  const prototype = Object.getPrototypeOf(instance) as Partial<ListenerLoader> | null;
  return typeof prototype?.getRegisterListenerMethodBasedOn === 'function';
}
