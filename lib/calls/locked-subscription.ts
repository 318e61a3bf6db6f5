import type { ExecutionContext } from '@nestjs/common';
import type { LockedCall, LockedTask } from './locked-call';
import { lockedGenerator, type AnyAsyncGenerator } from './locked-generator';
import { lockedPromise } from './locked-promise';

/** Tells if the operation that Nest answers with this call is a subscription. */
export function answersSubscription(context: ExecutionContext): boolean {
  if (context.getType<string>() !== 'graphql') return false;
  const info = context.getArgByIndex<{ operation?: { operation?: string } } | undefined>(3);
  return info?.operation?.operation === 'subscription';
}

/**
 * Makes a generator that can also be awaited, as Nest does with the result of a resolver. To await it takes the
 * lock, and gives a generator that has the lock. So a busy lock is an error of the subscription, which filters
 * answer. As an error of a stream that has begun it would pass no filter, and would end the client's whole
 * connection.
 */
export function lockedSubscription(call: LockedCall, method: LockedTask): AnyAsyncGenerator {
  const generator = lockedGenerator(call, method as LockedTask<AnyAsyncGenerator>);
  const then: PromiseLike<unknown>['then'] = (onDone, onFailed) =>
    lockedPromise(call, method).then(onDone, onFailed);
  return Object.defineProperty(generator, 'then', { value: then });
}
