import {
  Inject,
  Injectable,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import { endlessStream, isSseHandler, isUnbounded } from '../calls/endless-streams';
import { isLockInterceptor } from './lock-interceptors';
import { isLocked } from '../calls/locked-methods';
import { INTERCEPTORS } from './route-metadata';
import { SseHead } from './sse-head';
import { warnOnce } from './warn-once';

/** This is the last guard, so nothing runs between it and the begin of Nest's response. */
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
export class SseHandlersExplorer implements OnApplicationBootstrap {
  /** The interceptors that hold a lock around a handler, by the name of the handler. */
  private readonly around = new Map<string, readonly unknown[]>();

  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {
    for (const { controllers } of modules.values()) {
      for (const { metatype } of controllers.values()) prepare(metatype, this.around);
    }
  }

  /** At this moment the interceptors are made, and know their lock services. */
  onApplicationBootstrap(): void {
    for (const [handler, around] of this.around) {
      if (around.some(isUnbounded)) warnOnce(this.modules, endlessStream(handler));
    }
  }
}

function prepare(controller: unknown, lockedAround: Map<string, readonly unknown[]>): void {
  const { prototype } = (controller ?? {}) as { prototype?: Record<string, unknown> };
  if (prototype === undefined) return;
  for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
    const method = prototype[name] as object;
    if (!isSseHandler(method)) continue;
    const around = [controller as object, method].flatMap(
      (at) => (Reflect.getMetadata(INTERCEPTORS, at) ?? []) as unknown[],
    );
    const lockers = around.filter(isLockInterceptor);
    if (!isLocked(method) && lockers.length === 0) continue;
    lockedAround.set(`${(controller as { name: string }).name}.${name}`, lockers);
    if (prepared.has(method)) continue;
    prepared.add(method);
    UseGuards(holdHead)(prototype, name, { value: method });
  }
}
