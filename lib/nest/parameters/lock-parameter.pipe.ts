import { Inject, mixin, Optional, type PipeTransform, type Type } from '@nestjs/common';
import type { LockService } from '../../service/lock.service';
import { handlerLockFor } from '../../calls/handler-lock';
import { wantedOf, type LockParameter } from './lock-parameters';
import { getLockServiceToken } from '../../calls/lock-service-token';

/**
 * Makes the pipe that gives a handler its lock. A pipe and not a mere parameter factory, since Nest injects pipes: it
 * asks the lock service, and so finds what any code around the handler holds.
 */
export function lockParameterPipe(parameter: LockParameter): Type<PipeTransform> {
  const { resource, connection } = parameter;
  // Without a name the lock may be that of an interceptor with another service, or of `@Locked` on the method.
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
