import { Inject, Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import { isLockInterceptor } from './utils/lock-interceptors';
import { isLocked } from './utils/locked-methods';
import { SseHead } from './utils/sse-head';

/** Where Nest keeps what its decorators say; it exports these constants to nobody. */
const SSE = '__sse__';
const INTERCEPTORS = '__interceptors__';

/** The last of the guards, and so the last that runs before Nest begins the response. */
const holdHead: CanActivate = {
  canActivate(context: ExecutionContext): boolean {
    const response = context.switchToHttp().getResponse<ServerResponse & { raw?: ServerResponse }>();
    SseHead.hold(response.raw ?? response);
    return true;
  },
};

const prepared = new WeakSet();

/** Prepares handlers of server-sent events that run under a lock, before Nest registers its routes. */
@Injectable()
export class SseHandlersExplorer {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    for (const { controllers } of modules.values()) {
      for (const { metatype } of controllers.values()) prepare(metatype);
    }
  }
}

function prepare(controller: unknown): void {
  const { prototype } = (controller ?? {}) as { prototype?: Record<string, unknown> };
  if (prototype === undefined) return;
  for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
    const method = prototype[name] as object;
    if (Reflect.getMetadata(SSE, method) !== true || prepared.has(method)) continue;
    const around = [controller as object, method].flatMap(
      (at) => (Reflect.getMetadata(INTERCEPTORS, at) ?? []) as unknown[],
    );
    if (!isLocked(method) && !around.some(isLockInterceptor)) continue;
    prepared.add(method);
    UseGuards(holdHead)(prototype, name, { value: method });
  }
}
