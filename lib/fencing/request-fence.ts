import type { ExecutionContext } from '@nestjs/common';
import { LockOptionsError } from '../errors/lock-options.error';
import type { Fence } from './fence';
import type { FenceAheadOptions } from './fence-ahead';
import { FenceException } from './fence.exception';
import { type HeadersLike, readFence } from './fence-headers';

interface FencedRequest {
  readonly headers: HeadersLike;
}

/**
 * The fences of requests that a guard let pass. The guard has checked them with its options, so the parameters of
 * the handler need not check again.
 */
const passed = new WeakMap<FencedRequest, Fence>();

/** @throws FenceException (400, 428) */
export function fenceOfRequest(
  context: ExecutionContext,
  isRequired: boolean,
  { maxAhead }: FenceAheadOptions,
): Fence | undefined {
  const fence = readFence(requestOf(context).headers, { maxAhead });
  if (fence === undefined && isRequired) throw new FenceException('FENCE_MISSING');
  return fence;
}

/** Notes that the store of a guard accepted `fence`. */
export function letPass(context: ExecutionContext, fence: Fence): void {
  passed.set(requestOf(context), fence);
}

export function fenceLetPass(context: ExecutionContext): Fence | undefined {
  return passed.get(requestOf(context));
}

function requestOf(context: ExecutionContext): FencedRequest {
  if (context.getType() !== 'http') {
    throw new LockOptionsError('fence', 'is read from the headers of HTTP requests, and this is none.');
  }
  return context.switchToHttp().getRequest<FencedRequest>();
}
