import { Injectable, UseGuards, UseInterceptors, type NestInterceptor, type Type } from '@nestjs/common';
import { CurrentLock, LockInterceptor, Locked, LockService, LockSignal, type Lock } from '../../../lib';
import { answerOf, Deny, type HandlerName, Wrap } from './transport-contract';

export const NOW = { wait: 0 };

/** How a transport is told of its handlers. */
export interface HandlerDecorators {
  readonly handler: (name: HandlerName) => MethodDecorator;
  /** The parameter that gets the id of an order, as a number. */
  readonly id: ParameterDecorator;
  /** The key of an order for an interceptor, which sees the arguments before the pipes. */
  readonly key: string;
  /** Makes an answer of what a handler returns. */
  readonly wrap?: Type<NestInterceptor>;
}

/** A class with the handlers that every transport of requests and answers is tested with. */
export function lockedHandlers({ handler, id, key, wrap = Wrap }: HandlerDecorators) {
  @Injectable()
  class LockedHandlers {
    constructor(readonly locks: LockService) {}

    @handler('above')
    @UseInterceptors(wrap)
    @Locked('order:<0>', NOW)
    async above(@id order: number, @CurrentLock() lock: Lock, @LockSignal() signal: AbortSignal) {
      return Promise.resolve(answerOf(this.locks, order, lock, signal));
    }

    @Locked('order:<0>', NOW)
    @UseInterceptors(wrap)
    @handler('below')
    async below(@id order: number, @CurrentLock() lock: Lock, @LockSignal() signal: AbortSignal) {
      return Promise.resolve(answerOf(this.locks, order, lock, signal));
    }

    @UseInterceptors(LockInterceptor(key, NOW), wrap)
    @handler('interceptorAbove')
    interceptorAbove(@id order: number, @CurrentLock() lock: Lock, @LockSignal() signal: AbortSignal) {
      return answerOf(this.locks, order, lock, signal);
    }

    @handler('interceptorBelow')
    @UseInterceptors(LockInterceptor(key, NOW), wrap)
    interceptorBelow(@id order: number, @CurrentLock() lock: Lock, @LockSignal() signal: AbortSignal) {
      return answerOf(this.locks, order, lock, signal);
    }

    @handler('guardAbove')
    @UseGuards(Deny)
    @Locked('guarded', NOW)
    async guardAbove() {
      return Promise.resolve('ran');
    }

    @Locked('guarded', NOW)
    @UseGuards(Deny)
    @handler('guardBelow')
    async guardBelow() {
      return Promise.resolve('ran');
    }
  }
  return LockedHandlers;
}
