import type { ExecutionContext } from '@nestjs/common';
import type { LockedCall, LockedTask } from './locked-call';
import { lockedGenerator, type AnyAsyncGenerator } from './locked-generator';
import { lockedPromise } from './locked-promise';

/** Whether the operation that Nest answers with this call is a subscription. */
export function answersSubscription(context: ExecutionContext): boolean {
  if (context.getType<string>() !== 'graphql') return false;
  const info = context.getArgByIndex<{ operation?: { operation?: string } } | undefined>(3);
  return info?.operation?.operation === 'subscription';
}

/**
 * A generator that can also be awaited, as Nest does with what a resolver returns: that takes the lock, and comes to a
 * generator which has it. So a lock that cannot be had is an error of the subscription, which filters answer, and not of
 * a stream that has begun: that one nobody maps, and it ends the client's whole connection.
 */
export function lockedSubscription(call: LockedCall, method: LockedTask): AnyAsyncGenerator {
  const generator = lockedGenerator(call, method as LockedTask<AnyAsyncGenerator>);
  const then: PromiseLike<unknown>['then'] = (onDone, onFailed) =>
    lockedPromise(call, method).then(onDone, onFailed);
  return Object.defineProperty(generator, 'then', { value: then });
}
