import { Inject, Injectable, type ExceptionFilter } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { isLocked } from '../calls/locked-methods';
import { classOf, type Class } from './class-of';
import { isUnderLock } from './lock-interceptors';
import type { RedlockModuleOptions } from './redlock-module-options.interface';
import { REDLOCK_MODULE_OPTIONS } from './redlock.constants';
import { FILTERS, MESSAGE_HANDLER, MESSAGE_TRANSPORT } from './route-metadata';
import { warnOnce } from './warn-once';

/** The part of the server of a microservice that is read. A strategy of the application may lack it. */
interface MicroserviceServer {
  readonly transportId?: unknown;
  getHandlers?(): ReadonlyMap<string, unknown>;
}

/** The part of `ModulesContainer` that Nest has from 11 on: it tells of every microservice, also of earlier ones. */
interface RpcTargets {
  getRpcTargetRegistry?(): { subscribe(next: (server: MicroserviceServer) => void): unknown };
}

interface MessageHandler {
  readonly type: Class;
  readonly name: string;
  readonly method: object;
  /** False if Nest makes its object, and prepares the handler, for each message. */
  readonly isStatic: boolean;
}

/**
 * Warns of message handlers with locks in a microservice that has none of the application's exception filters, since
 * `connectMicroservice` was called without `inheritAppConfig: true`.
 *
 * Nothing tells which configuration a microservice has. But `connectMicroservice` makes the server, which Nest tells of,
 * and then goes through all modules to prepare their handlers, for which it takes the method `catch` of each
 * application-wide filter. So a server that has handlers after that, while nobody took the method of our filter, does
 * not have it. With `deferInitialization`, and in an application that is a microservice alone, Nest goes through the
 * modules for something else first: there the filters may still change, and nothing is said.
 */
@Injectable()
export class HybridFiltersExplorer {
  private timesTaken = 0;

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    /** A test may have put something else in the place of the options. */
    @Inject(REDLOCK_MODULE_OPTIONS) options: Partial<RedlockModuleOptions> | undefined,
  ) {
    if (options?.exceptionFilter === false) return;
    (modules as RpcTargets).getRpcTargetRegistry?.().subscribe((server) => {
      this.follow(server);
    });
  }

  /** Notes when Nest takes the filter for a handler. Returns the filter. */
  watch<T extends ExceptionFilter>(filter: T): T {
    // oxlint-disable-next-line typescript/unbound-method -- Nest binds it to the filter, as it does with any filter
    const method = filter.catch;
    return Object.defineProperty(filter, 'catch', {
      configurable: true,
      get: () => {
        this.timesTaken += 1;
        return method;
      },
    });
  }

  private follow(server: MicroserviceServer): void {
    if (countHandlers(server) !== 0) return;
    const before = this.timesTaken;
    this.afterWalk(() => {
      if (this.timesTaken === before && (countHandlers(server) ?? 0) > 0) this.explore(server);
    });
  }

  /** Calls back when Nest has gone through all modules, the next time that it does. */
  private afterWalk(callback: () => void): void {
    const { modules } = this;
    const forEach: ModulesContainer['forEach'] = (...args) => {
      Reflect.deleteProperty(modules, 'forEach');
      modules.forEach(...args);
      callback();
    };
    Object.defineProperty(modules, 'forEach', { value: forEach, configurable: true });
  }

  private explore({ transportId }: MicroserviceServer): void {
    const handlers = [...this.handlersOf(transportId)];
    if (!handlers.some(({ isStatic }) => isStatic)) return;
    const toldOf = new Set<Class>();
    for (const { type, name, method } of handlers) {
      if (toldOf.has(type) || [type, method].some((at) => Reflect.hasMetadata(FILTERS, at))) continue;
      if (!isLocked(method) && !isUnderLock(method) && !isUnderLock(type)) continue;
      toldOf.add(type);
      const { name: className } = type as unknown as { name: unknown };
      warnOnce(
        this.modules,
        withoutFilter(`${typeof className === 'string' ? className : 'A controller'}.${name}`),
      );
    }
  }

  private *handlersOf(transportId: unknown): Generator<MessageHandler> {
    for (const { controllers } of this.modules.values()) {
      for (const host of controllers.values()) {
        const type = classOf(host);
        if (type === undefined) continue;
        const { prototype } = type;
        for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
          const method = prototype[name] as object;
          if (!Reflect.hasMetadata(MESSAGE_HANDLER, method)) continue;
          const transport: unknown = Reflect.getMetadata(MESSAGE_TRANSPORT, method);
          if (transport !== undefined && transportId !== undefined && transport !== transportId) continue;
          yield { type, name, method, isStatic: host.isDependencyTreeStatic() };
        }
      }
    }
  }
}

function countHandlers(server: MicroserviceServer): number | undefined {
  return server.getHandlers?.().size;
}

/** @param method `Class.method` */
const withoutFilter = (method: string): string =>
  `${method} takes a lock, and its microservice has no exception filter: clients hear "Internal server error" when the ` +
  'lock is busy, and an unavailable lock is not logged. A microservice of an HTTP application has the application-wide ' +
  'filters only with connectMicroservice(options, { inheritAppConfig: true }). Or put @UseFilters(LockExceptionFilter) ' +
  'on the class, or a filter of yours.';
