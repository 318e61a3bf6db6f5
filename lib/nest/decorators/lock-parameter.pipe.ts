import { Inject, mixin, Optional, type PipeTransform, type Type } from '@nestjs/common';
import type { LockService } from '../../service/lock.service';
import { handlerLockFor } from '../../calls/handler-lock';
import { wantedOf, type LockParameter } from './lock-parameters';
import { getLockServiceToken } from '../../service/lock-service-token';

/**
 * Makes the pipe that gives a handler its lock. It is a pipe and no mere parameter factory, since Nest injects
 * into pipes: it asks the lock service, and so finds the locks of any code around the handler.
 */
export function lockParameterPipe(parameter: LockParameter): Type<PipeTransform> {
  const { resource, connection } = parameter;
  // Without a name, the lock may be that of an interceptor with another service, or of `@Locked` on the method.
  const mayBeMissing: ParameterDecorator = connection === undefined ? Optional() : () => undefined;

  class MixinLockParameterPipe implements PipeTransform {
    constructor(
      @mayBeMissing
      @Inject(getLockServiceToken(connection))
      private readonly locks: LockService | undefined,
    ) {}

    transform() {
      const around = handlerLockFor(parameter);
      const caller = around?.caller;
      return wantedOf(
        parameter,
        around?.lock ?? this.locks?.current(resource),
        caller && (() => caller.signal),
      );
    }
  }

  return mixin(MixinLockParameterPipe);
}
