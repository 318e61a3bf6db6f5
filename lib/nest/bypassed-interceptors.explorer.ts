import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { isAnsweredHandler } from '../calls/handler-kind';
import { classOf, type Class } from './class-of';
import { isUnderLock } from './lock-interceptors';
import { warnOnce } from './warn-once';

/** The metadata keys of methods that are called without interceptors. Their packages may be missing. */
const CALLED_DIRECTLY = [
  'SCHEDULE_CRON_OPTIONS',
  'SCHEDULE_INTERVAL_OPTIONS',
  'SCHEDULE_TIMEOUT_OPTIONS',
  'EVENT_LISTENER_METADATA',
  'bullmq:worker_events_metadata',
  'bullmq:queue_events_metadata',
];

/** The classes whose method of that name is called without interceptors. */
const HANDLER_CLASSES: Record<string, string> = {
  'bullmq:processor_metadata': 'process',
  __commandHandler__: 'execute',
  __queryHandler__: 'execute',
  __eventsHandler__: 'handle',
};

/** Nest calls both with interceptors only if `fieldResolverEnhancers` says so. */
const FIELDS = ['graphql:resolve_property', 'graphql:resolve_reference'];
const RESOLVER_TYPE = 'graphql:resolver_type';
const ROOT_TYPES = ['Query', 'Mutation', 'Subscription'];
const GRAPHQL_OPTIONS = 'GqlModuleOptions';

/** Warns of a `LockInterceptor` on a method that Nest calls without interceptors: it would take no lock. */
@Injectable()
export class BypassedInterceptorsExplorer implements OnApplicationBootstrap {
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  /** At this moment the options of GraphQL are known, also those of a factory. */
  onApplicationBootstrap(): void {
    const fieldsAreIntercepted = this.interceptsFields();
    for (const { controllers, providers } of this.modules.values()) {
      for (const list of [controllers, providers])
        for (const host of list.values()) this.explore(classOf(host), fieldsAreIntercepted);
    }
  }

  private interceptsFields(): boolean {
    return [...this.modules.values()].some(({ providers }) => {
      const options = providers.get(GRAPHQL_OPTIONS)?.instance as
        { fieldResolverEnhancers?: unknown } | undefined;
      const { fieldResolverEnhancers: enhancers } = options ?? {};
      return Array.isArray(enhancers) && enhancers.includes('interceptors');
    });
  }

  private explore(type: Class | undefined, fieldsAreIntercepted: boolean): void {
    if (type === undefined) return;
    const { prototype } = type;
    const names = new MetadataScanner().getAllMethodNames(prototype);
    // An interceptor on a controller, a gateway or a resolver is meant for the routes, messages or queries, and works
    // there.
    const isMeantForAll =
      isUnderLock(type) && !names.some((name) => isIntercepted(prototype[name] as object));
    for (const name of names) {
      const method = prototype[name] as object;
      if (isField(method)) {
        if (!fieldsAreIntercepted && (isUnderLock(method) || isMeantForAll))
          this.warn(bypassedField, type, name);
      } else if (isCalledDirectly(type, method, name) && (isUnderLock(method) || isMeantForAll)) {
        this.warn(bypassed, type, name);
      }
    }
  }

  private warn(message: (place: string) => string, type: object, method: string): void {
    // A class may have a static member of that name, of any type.
    const { name } = type as { name: unknown };
    const className = typeof name === 'string' ? name : 'a class';
    warnOnce(this.modules, message(`LockInterceptor on ${className}.${method}`));
  }
}

function isField(method: object): boolean {
  const type: unknown = Reflect.getMetadata(RESOLVER_TYPE, method);
  if (typeof type === 'string') return !ROOT_TYPES.includes(type);
  return FIELDS.some((key) => Reflect.hasMetadata(key, method));
}

/** True if Nest calls the method with interceptors, also with those of its class. */
function isIntercepted(method: object): boolean {
  const type: unknown = Reflect.getMetadata(RESOLVER_TYPE, method);
  return isAnsweredHandler(method) || ROOT_TYPES.some((root) => root === type);
}

function isCalledDirectly(type: object, method: object, name: string): boolean {
  if (CALLED_DIRECTLY.some((key) => Reflect.hasMetadata(key, method))) return true;
  return Object.entries(HANDLER_CLASSES).some(
    ([key, handler]) => handler === name && Reflect.hasMetadata(key, type),
  );
}

/** @param place such as `LockInterceptor on Class.method` */
const bypassed = (place: string): string =>
  `${place} takes no lock, since Nest calls this method without interceptors. Put @Locked on it instead.`;

const bypassedField = (place: string): string =>
  `${place} takes no lock, since Nest calls field resolvers without interceptors. Put @Locked on it instead, or ` +
  `give GraphQLModule \`fieldResolverEnhancers: ['interceptors']\`.`;
